"""Lineage from Python services that speak Kafka: the client you know, with an OpenLineage run around it.

    from collectors.instrument.confluent import Consumer, Producer

Everything else stays as it was. The process is one run of one job: START, RUNNING once a window with what was read and
written, COMPLETE at its end, FAIL when it dies of an exception. OpenLineage's own settings say where events go. Nothing
here ever raises into your code, waits for the network in it, or imports anything of Headwater's server.
"""

from collectors.instrument.service import Service, service

__all__ = ["Service", "service"]
