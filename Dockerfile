# At the top level, not in deploy/: Heroku builds with the folder of the Dockerfile as the context.
# tests/deploy/dockerfile_steps.py runs these steps without Docker; keep paths in RUN relative to WORKDIR.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
# The dependencies alone, with empty sources, so that this layer is only built again when they change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src tests/it benches public \
 && echo 'fn main() {}' | tee src/main.rs tests/it/main.rs > /dev/null \
 && touch src/lib.rs \
 && cargo build --release --locked --bin rialto
COPY public public
COPY src src
# Copied files may be older than what was built from the empty ones.
RUN touch src/main.rs src/lib.rs \
 && cargo build --release --locked --bin rialto \
 && mkdir -p image/data \
 && cp target/release/rialto image/rialto

FROM debian:bookworm-slim
COPY --from=build /build/image/rialto /usr/local/bin/rialto
COPY --from=build --chown=10001:10001 /build/image/data /var/lib/rialto
ENV DATA_DIR=/var/lib/rialto
USER 10001:10001
WORKDIR /var/lib/rialto
VOLUME /var/lib/rialto
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=5s --retries=3 CMD ["rialto", "healthcheck"]
CMD ["rialto"]
