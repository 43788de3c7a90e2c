"""Before a merge: what a schema would change of a dataset, and whom each change would hurt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticSerializationError

from lineage.api._answers import Named, Naming, seen, wanted
from lineage.errors import InvalidInput
from lineage.slo.drift import Columns, read_columns
from lineage.slo.foretelling import foretell, shape_of
from lineage.store.base import Store
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/drift", tags=["datasets"], dependencies=[Depends(needs("read"))])


class Told(BaseModel):
    """A column, with those within it; other keys of a schema facet are passed over."""

    model_config = ConfigDict(strict=True)

    name: str
    type: str | None = None
    description: str | None = None
    ordinal_position: int | None = Field(None, ge=0, lt=2**31)
    fields_: list[Told] | None = Field(None, alias="fields", description="What it is made of, or holds.")


class Schema(BaseModel):
    """The columns that a dataset is to have."""

    model_config = ConfigDict(strict=True)

    columns: list[Told] = Field(alias="fields", description="As a schema facet has them.")
    positional: bool = Field(False, description="True: it is read by place, as a COPY of CSV is.")


@router.post("")
def drift(request: Request, naming: Naming, schema: Schema) -> dict[str, Any]:
    """What a version of a dataset with these columns would change since the last that told of its own; nothing is kept.

    `class` is breaking, breaking-unused where nobody is known to use the column, compatible or info. `comparedWith` is
    null, and nothing changes, where nobody ever told of its columns; its run is null where no run did. 404 for a
    dataset that nobody named.
    """
    house = services(request)
    try:
        body = schema.model_dump_json(by_alias=True, include={"columns"})
    except PydanticSerializationError:
        raise InvalidInput("fields: half a surrogate pair; send whole characters", field="fields") from None
    columns = read_columns(body.encode())
    assert columns is not None, "its type says so"
    return foretold(house.store, wanted(naming), columns, house.now(), positional=schema.positional)


def foretold(store: Store, naming: Named, columns: Columns, now: datetime, *, positional: bool) -> dict[str, Any]:
    """The answer. Raises NotFound, and InvalidInput for what is no dataset."""
    known = store.get(naming.candidates)
    node = seen(known[naming.among(known)])
    if node.id.kind != "dataset":
        raise InvalidInput(f"nodeId: {naming.given} has no columns; name a dataset", field="nodeId")
    return shape_of(foretell(node.canonical, columns, store, now, positional=positional))
