# One image for every process; the command says which (docs/architecture.md). Targets:
#   stori     the product, and what `docker build .` gives
#   local     with it the one-off steps and the mailbox of compose.yaml
#   emulator  the AWS emulator of compose.yaml

FROM python:3.11-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_REQUIRE_HASHES=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /app

FROM base AS packages
COPY requirements.lock ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --requirement requirements.lock

FROM base AS emulator-packages
COPY local/requirements-emulator.lock ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --requirement requirements-emulator.lock

FROM node:22-slim AS graphiql
WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --omit=dev

FROM base AS emulator
COPY --from=emulator-packages /opt/venv /opt/venv
COPY local/emulator_entry.py ./
# A volume takes the owner of the folder it is mounted on first.
RUN install --directory --owner 10001 --group 10001 /stori/emulator
ENV PATH=/opt/venv/bin:$PATH
USER 10001:10001
CMD ["python", "-P", "/app/emulator_entry.py"]

FROM base AS app
COPY --from=packages /opt/venv /opt/venv
COPY --from=graphiql /web/node_modules/graphiql web/node_modules/graphiql
COPY --from=graphiql /web/node_modules/graphiql-react web/node_modules/graphiql-react
COPY --from=graphiql /web/node_modules/graphiql-react-dom web/node_modules/graphiql-react-dom
COPY --from=graphiql /web/node_modules/js-cookie web/node_modules/js-cookie
COPY --from=graphiql /web/node_modules/@graphiql/plugin-explorer web/node_modules/@graphiql/plugin-explorer
COPY protos protos
COPY runtime runtime
COPY user_svc user_svc
COPY txn_svc txn_svc
COPY notifier notifier
COPY bff bff
COPY cli cli
# The file system is read-only where it runs, so what Python would compile at each start is compiled here.
RUN python -m compileall -q --invalidation-mode unchecked-hash . \
    && chmod 755 cli/stori \
    && ln -s /app/cli/stori /usr/local/bin/stori
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app
USER 10001:10001
CMD ["stori", "--help"]

FROM app AS local
USER root
COPY local local
COPY deploy deploy
COPY samples samples
RUN python -m compileall -q --invalidation-mode unchecked-hash local \
    && install --directory --owner 10001 --group 10001 \
    /stori/deployment /stori/postgres /stori/emulator /stori/environment /stori/environments/user_migrate \
    /stori/environments/txn_migrate /stori/environments/user_svc /stori/environments/user_relay \
    /stori/environments/txn_svc /stori/environments/txn_relay /stori/environments/importer \
    /stori/environments/notifier /stori/environments/bff
USER 10001:10001

FROM app AS stori
