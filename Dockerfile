# The server in a small image: built with the Swift toolchain, run without it.
#
#   docker build -t runstream .
#   docker run -p 127.0.0.1:8005:8005 -e RUNSTREAM_API_KEY="$(openssl rand -hex 32)" -v runstream:/var/lib/runstream runstream
FROM swift:6.3-bookworm AS build
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends libcurl4-openssl-dev libevent-dev libmimalloc-dev libsqlite3-dev libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product runstream --static-swift-stdlib \
    && strip -o /runstream "$(swift build -c release --static-swift-stdlib --show-bin-path)/runstream"

FROM debian:bookworm-slim
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends \
        ca-certificates libcurl4 libevent-core-2.1-7 libevent-extra-2.1-7 libmimalloc2.0 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/runstream --create-home --shell /usr/sbin/nologin runstream
COPY --from=build /runstream /usr/local/bin/runstream
COPY examples/recipes/analyze-csv examples/recipes/five-lines /usr/share/runstream/examples/recipes/
COPY examples/data /usr/share/runstream/examples/data

# It listens on every address of the container, so it refuses to start without an API key: RUNSTREAM_API_KEY, or
# RUNSTREAM_API_KEY_FILE for a mounted secret.
ENV RUNSTREAM_HOST=0.0.0.0 \
    RUNSTREAM_PORT=8005 \
    RUNSTREAM_DB=/var/lib/runstream/runstream.db \
    RUNSTREAM_RECIPES=/usr/share/runstream/examples/recipes
USER 10001:10001
VOLUME /var/lib/runstream
EXPOSE 8005
# SIGTERM drains; the default drain grace (8 s) fits into the 10 s that `docker stop` waits.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s CMD ["/usr/local/bin/runstream", "health"]
ENTRYPOINT ["/usr/local/bin/runstream"]
CMD ["serve"]
