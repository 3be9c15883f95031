# Two images: the assistant (`--target assistant`, the default) and the proxy before it (`--target proxy`).
# How they are used: docs/DEPLOY.md. Needs no BuildKit feature, so that Podman and Kaniko build it too.

# The program as a wheel. What builds it stays here, pinned like everything else.
FROM python:3.11-slim-bookworm AS wheel
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/build.txt requirements/
RUN python -m venv /srv/build && /srv/build/bin/pip install --quiet --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY nlu nlu
COPY flows flows
COPY content content
RUN /srv/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels .

# What it needs, exactly as it was locked, and the trained understanding.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/scale.txt requirements/
RUN python -m venv /srv/wegwijs && /srv/wegwijs/bin/pip install --quiet --require-hashes -r requirements/scale.txt
COPY --from=wheel /wheels /wheels
RUN /srv/wegwijs/bin/pip install --quiet --no-deps --no-index /wheels/*.whl \
    && /srv/wegwijs/bin/pip uninstall --quiet --yes pip
# Trained here and not at the first start: every container of an image then answers alike, starts in seconds, and
# writes nothing. An organisation's own texts are part of its image for the same reason.
COPY deploy/organisation /srv/organisation
ENV WEGWIJS_DATA_DIR=/var/lib/wegwijs WEGWIJS_ORGANISATION_DIR=/srv/organisation
RUN mkdir --mode=0700 /var/lib/wegwijs && /srv/wegwijs/bin/wegwijs train

# The proxy: the one program that the internet reaches. It holds the certificates and no data.
FROM caddy:2.10-alpine AS proxy
COPY deploy/Caddyfile /etc/caddy/Caddyfile
# Folders of our own: those of the image may be declared as volumes, and then nothing changes who owns them.
ENV XDG_DATA_HOME=/srv/caddy/data XDG_CONFIG_HOME=/srv/caddy/config
RUN mkdir -p /srv/caddy/data /srv/caddy/config && chown -R 10002:10002 /srv/caddy
USER 10002:10002
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8081/"]

FROM python:3.11-slim-bookworm AS assistant
ENV PATH=/srv/wegwijs/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WEGWIJS_DATA_DIR=/var/lib/wegwijs \
    WEGWIJS_ORGANISATION_DIR=/srv/organisation
COPY --from=build /srv/wegwijs /srv/wegwijs
COPY --from=build /srv/organisation /srv/organisation
# A number and no name: Kubernetes only then sees that it is not root.
COPY --from=build --chown=10001:10001 /var/lib/wegwijs /var/lib/wegwijs
WORKDIR /var/lib/wegwijs
USER 10001:10001
EXPOSE 8000
# By Python, because neither a shell nor curl is needed for anything here.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as ask; ask.urlopen('http://127.0.0.1:8000/healthz', timeout=8)"]
ENTRYPOINT ["wegwijs"]
CMD ["serve", "--host", "0.0.0.0"]
