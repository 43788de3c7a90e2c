# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY lineage lineage
COPY collectors collectors
COPY dashboards dashboards
RUN python -m venv /opt/headwater \
 && /opt/headwater/bin/pip install --no-cache-dir -c constraints.txt '.[fast,kafka,objects]'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Headwater" \
      org.opencontainers.image.description="Data lineage and data SLOs from OpenLineage events" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home headwater \
 && install -d -o headwater -g headwater /var/lib/headwater
COPY --from=build /opt/headwater /opt/headwater
ENV PATH=/opt/headwater/bin:$PATH \
    HEADWATER_STORE=sqlite:////var/lib/headwater/headwater.db \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /var/lib/headwater
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5000/livez')"]
ENTRYPOINT ["headwater"]
CMD ["serve", "--host", "0.0.0.0"]
