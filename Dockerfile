# A node of Interdict on Debian:
#
#   docker build --tag interdict .
#   docker run --publish 127.0.0.1:8080:8080 --volume interdict:/var/lib/interdict interdict

FROM rust:1-bookworm AS build
WORKDIR /build
# The image's own toolchain is not used: rustup fetches the one that is pinned here.
COPY rust-toolchain.toml ./
RUN rustup toolchain install
# Its configuration sets how SQLite is compiled.
COPY .cargo ./.cargo
COPY Cargo.toml Cargo.lock ./
COPY crates ./crates
COPY xtask ./xtask
RUN cargo build --locked --release --package interdict

FROM debian:bookworm-slim
# The authorities by which Stripe's certificate, and PostgreSQL's, are checked.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/interdict interdict \
    && install --directory --owner=interdict --group=interdict --mode=0700 /var/lib/interdict
COPY --from=build /build/target/release/interdict /usr/local/bin/interdict
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/interdict/

USER 10001:10001
WORKDIR /var/lib/interdict
ENV INTERDICT_DATA_DIR=/var/lib/interdict \
    INTERDICT_LISTEN=0.0.0.0:8080 \
    INTERDICT_BEHIND_PROXY=true
VOLUME /var/lib/interdict
EXPOSE 8080
STOPSIGNAL SIGTERM
# No HEALTHCHECK: Docker would only write down what it says, and who acts on health (a balancer, an orchestrator)
# asks /readyz and /healthz over HTTP. The image has no other program that could ask.
ENTRYPOINT ["/usr/local/bin/interdict"]
CMD ["serve"]
