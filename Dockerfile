# Touchstone on Debian 13: built in one stage, installed from its own package in the other. Runs as a user without rights, on a root
# file system that may be read-only; what it writes is below /var/lib/touchstone.
#
#   docker build -t touchstone:0.1.0 .
#   docker run --read-only --mount type=bind,src=$PWD/my,dst=/etc/touchstone,readonly -v state:/var/lib/touchstone touchstone:0.1.0
FROM debian:trixie-slim AS build
WORKDIR /src
# The packages first: they change less often than the sources.
COPY deploy/setup deploy/setup
# hadolint ignore=DL3008
RUN deploy/setup && apt-get install --yes --no-install-recommends dpkg-dev file && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release --target touchstone package_touchstone.1 package_changelog \
    && cpack --config build/release/CPackConfig.cmake

FROM debian:trixie-slim
# A number that a security context can name; the package finds the user there.
RUN groupadd --system --gid 10001 touchstone \
    && useradd --system --uid 10001 --gid touchstone --no-create-home --home-dir /var/lib/touchstone --shell /usr/sbin/nologin touchstone
COPY --from=build /src/build/release/package/touchstone_0.1.0_*.deb /tmp/
# Of the packages that make the user, the smallest, before apt chooses. Debian keeps no older versions, so none is named.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends systemd-standalone-sysusers \
    && apt-get install --yes --no-install-recommends /tmp/touchstone_*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/touchstone_*.deb \
    && install -d -m 0700 -o touchstone -g touchstone /var/lib/touchstone
USER 10001:10001
WORKDIR /etc/touchstone
VOLUME /var/lib/touchstone
EXPOSE 9480
STOPSIGNAL SIGTERM
# Bash speaks HTTP well enough, and nothing else of the image does.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9480 && printf 'GET /-/healthy HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["/usr/bin/touchstone"]
CMD ["run", "--config", "/etc/touchstone/touchstone.yaml"]
