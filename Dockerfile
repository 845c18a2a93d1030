# The image holds one static binary and the certificates of authorities: no shell, no packages, no user but a number.

ARG BUILD_IMAGE=rust:1.95-bookworm

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY . .
# With a target named, build scripts stay dynamic and only what is shipped becomes static.
RUN target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --package weir --target "$target" && \
    mkdir -p /image/data && cp "target/$target/release/weir" /image/weir

FROM scratch
# Authorities, for other registries.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /image/weir /weir
# The volume takes its owner from here.
COPY --from=build --chown=65532:65532 /image/data /data
USER 65532:65532
VOLUME /data
EXPOSE 5000
# In the environment rather than in the arguments, so that the health check sees the same.
ENV WEIR__LISTENER__0__ADDRESS=0.0.0.0:5000 WEIR__STORAGE__DATA=/data
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/weir", "healthcheck"]
ENTRYPOINT ["/weir"]
CMD ["serve"]
