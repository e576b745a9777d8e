# A static pullscope on nothing but the CA roots: docker build -t pullscope .
FROM rust:1-alpine AS build
RUN apk add --no-cache ca-certificates gcc make musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/pullscope /pullscope
# The CA and the sessions; mount a volume here to keep them.
COPY --from=build --chown=65532:65532 --chmod=700 /data /data
ENV HOME=/data XDG_DATA_HOME=/data XDG_STATE_HOME=/data XDG_CONFIG_HOME=/config
USER 65532:65532
VOLUME /data
EXPOSE 8642
ENTRYPOINT ["/pullscope"]
# On loopback: in a pod, or on a node with its network. To be reached from elsewhere it needs
# --listen 0.0.0.0:8642 --allow-remote --proxy-credentials USER:PASSWORD.
CMD ["record", "--listen", "127.0.0.1:8642"]
