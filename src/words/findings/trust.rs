//! Who trusts whom, and where clients are led.

use super::FindingText;
use crate::words::{Text, text};

// What makes each client trust the CA; `certs/README.md` has the same at length.
const ANY: Text = text(
    "Make the client trust the CA that `pullscope ca path` names; certs/README.md says how for each client.",
    "让客户端信任 `pullscope ca path` 所指的 CA 证书；各客户端的做法见 certs/README.md。",
);
const DOCKERD: Text = text(
    "Run `sudo pullscope setup docker` (`--undo` takes it back), or add to docker.service Environment=SSL_CERT_DIR=/etc/ssl/certs:/etc/pullscope/ca with the CA in that last directory, and restart dockerd. For Docker Hub /etc/docker/certs.d has no effect before Docker 29.",
    "运行 `sudo pullscope setup docker`（`--undo` 可还原）；或把 CA 放进 /etc/pullscope/ca，在 docker.service 中加上 Environment=SSL_CERT_DIR=/etc/ssl/certs:/etc/pullscope/ca，再重启 dockerd。注意：Docker 29 之前，/etc/docker/certs.d 对 Docker Hub 不起作用。",
);
const CONTAINERD: Text = text(
    "Run `sudo pullscope setup containerd` (`--undo` takes it back); for ctr alone run it by `pullscope exec -- ctr …`, or put the CA into /etc/containerd/certs.d/_default/ca.crt (`pullscope ca print | sudo tee` that file) and pass `ctr images pull --hosts-dir /etc/containerd/certs.d`; for CRI set config_path to that directory.",
    "运行 `sudo pullscope setup containerd`（`--undo` 可还原）；若只用 ctr，可用 `pullscope exec -- ctr …` 启动，或把 CA 写入 /etc/containerd/certs.d/_default/ca.crt（`pullscope ca print | sudo tee` 该文件），再用 `ctr images pull --hosts-dir /etc/containerd/certs.d`；若是 CRI，把 config_path 指向该目录。",
);
const CONTAINERS: Text = text(
    "Run it by `pullscope exec -- …`, or set SSL_CERT_FILE to a bundle of the system's roots and the CA: `export SSL_CERT_FILE=\"$(pullscope ca bundle)\"`; or copy the CA to /etc/containers/certs.d/docker.io/ca.crt (the registry's own name for others).",
    "用 `pullscope exec -- …` 启动它；或者把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件：`export SSL_CERT_FILE=\"$(pullscope ca bundle)\"`；或者把 CA 复制为 /etc/containers/certs.d/docker.io/ca.crt（其他仓库用各自的主机名）。",
);
const BUILDKIT: Text = text(
    "In buildkitd.toml name the CA under [registry.\"docker.io\"] as ca = [\"/etc/pullscope/ca/pullscope.pem\"] and restart buildkitd; inside dockerd, /etc/docker/certs.d/docker.io/ca.crt does it.",
    "在 buildkitd.toml 的 [registry.\"docker.io\"] 下写 ca = [\"/etc/pullscope/ca/pullscope.pem\"] 并重启 buildkitd；若是 dockerd 内置的 BuildKit，放到 /etc/docker/certs.d/docker.io/ca.crt 即可。",
);
const CRANE: Text = text(
    "Run it by `pullscope exec -- …`, or set SSL_CERT_FILE to a bundle of the system's roots and the CA: `export SSL_CERT_FILE=\"$(pullscope ca bundle)\"`; oras and helm also take `--ca-file \"$(pullscope ca path)\"`.",
    "用 `pullscope exec -- …` 启动它；或者把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件：`export SSL_CERT_FILE=\"$(pullscope ca bundle)\"`；oras 和 helm 也可以用 `--ca-file \"$(pullscope ca path)\"`。",
);
const CURL: Text = text(
    "Pass `--cacert \"$(pullscope ca path)\"` (wget: `--ca-certificate`).",
    "加上 `--cacert \"$(pullscope ca path)\"`（wget 用 `--ca-certificate`）。",
);
const GO: Text = text(
    "It is a program written in Go. If it is dockerd: `sudo pullscope setup docker`. If it is containerd: `sudo pullscope setup containerd`, or the CA goes into /etc/containerd/certs.d/_default/ca.crt, used with --hosts-dir. If it is podman, skopeo or crane: set SSL_CERT_FILE to a bundle of the system's roots and the CA, or run it by `pullscope exec -- …`.",
    "这是一个 Go 程序。若是 dockerd：`sudo pullscope setup docker`；若是 containerd：把 CA 放到 /etc/containerd/certs.d/_default/ca.crt，配合 --hosts-dir 使用；若是 podman、skopeo 或 crane：把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件，或用 `pullscope exec -- …` 启动。",
);
const EVERYWHERE: Text = text(
    "Let the client trust the CA for every host instead of one: set SSL_CERT_FILE to a bundle of the system's roots and the CA, or add the CA's directory to SSL_CERT_DIR, and restart it.",
    "不要按主机逐个配置信任，而要对所有主机生效：把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件，或把 CA 所在目录加入 SSL_CERT_DIR，然后重启客户端。",
);

/// By client, where it trusts the CA nowhere.
const TRUST: &[(&str, Text)] = &[
    ("", ANY),
    ("dockerd", DOCKERD),
    ("containerd", CONTAINERD),
    ("containers", CONTAINERS),
    ("buildkit", BUILDKIT),
    ("crane", CRANE),
    ("curl", CURL),
    ("go", GO),
];

/// By client, where it trusts the CA for some hosts.
const TRUST_ALL: &[(&str, Text)] = &[
    ("", EVERYWHERE),
    ("dockerd", DOCKERD),
    ("containerd", CONTAINERD),
    ("buildkit", BUILDKIT),
];

pub(super) const TEXTS: &[FindingText] = &[
    FindingText {
        rule: "ca-rejected",
        title: text("Client rejects our CA", "客户端不信任本 CA"),
        sentences: &[
            (
                "",
                text(
                    "{client} broke off the TLS handshake for {hosts} with alert {alert}: it does not trust pullscope's CA.",
                    "{client} 在与 {hosts} 的 TLS 握手中以告警 {alert} 中止：它不信任 pullscope 的 CA。",
                ),
            ),
            (
                "closed",
                text(
                    "{client} closed the connection to {hosts} as soon as it saw our certificate: it probably does not trust pullscope's CA.",
                    "{client} 一看到我们的证书就关闭了到 {hosts} 的连接：它很可能不信任 pullscope 的 CA。",
                ),
            ),
        ],
        fixes: TRUST,
    },
    FindingText {
        rule: "ca-partial",
        title: text("CA trusted for some hosts only", "仅部分主机信任本 CA"),
        sentences: &[
            (
                "",
                text(
                    "{client} trusts pullscope's CA for {trusted}, but refused it for {hosts} (alert {alert}): its trust is set per host.",
                    "{client} 对 {trusted} 信任 pullscope 的 CA，对 {hosts} 却拒绝了（告警 {alert}）：它的信任是按主机配置的。",
                ),
            ),
            (
                "closed",
                text(
                    "{client} trusts pullscope's CA for {trusted}, but closed the connection to {hosts} as soon as it saw our certificate: its trust is probably set per host.",
                    "{client} 对 {trusted} 信任 pullscope 的 CA，但一看到 {hosts} 的证书就关闭了连接：它的信任很可能是按主机配置的。",
                ),
            ),
        ],
        fixes: TRUST_ALL,
    },
    FindingText {
        rule: "upstream-cert",
        title: text("Server's certificate is invalid", "服务器证书无效"),
        sentences: &[
            (
                "",
                text(
                    "The real certificate of {host} does not verify ({reason}), so pullscope refused the connection as the client itself would have.",
                    "{host} 的真实证书验证不通过（{reason}），pullscope 因此拒绝连接——客户端直连也会如此。",
                ),
            ),
            (
                "overridden",
                text(
                    "The real certificate of {host} does not verify ({reason}); you asked pullscope to go on all the same, a client on its own would stop here.",
                    "{host} 的真实证书验证不通过（{reason}）；你要求 pullscope 继续，但客户端直连时会在这里失败。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Renew or correct the server's certificate; if it is signed by a CA of your own, name that with `--upstream-ca FILE`. A clock that is wrong here makes good certificates fail, too.",
                "更新或修正服务器证书；若由自建 CA 签发，用 `--upstream-ca FILE` 指定该 CA。本机时钟不准也会让有效的证书验证失败。",
            ),
        )],
    },
    FindingText {
        rule: "redirect-downgrade",
        title: text("Redirect gives up TLS", "重定向降级为 HTTP"),
        sentences: &[(
            "",
            text(
                "{host} redirects from https to plain http at {target}: what is downloaded can be read on the way, and only its digest protects it.",
                "{host} 从 https 重定向到明文 http（{target}）：下载内容在途中可被窃听，完整性只靠摘要保证。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Make the registry's storage or CDN address https (distribution: storage redirect or REGISTRY_HTTP_HOST; behind a proxy, pass on X-Forwarded-Proto).",
                "把仓库的存储或 CDN 地址改为 https（distribution：检查存储重定向或 REGISTRY_HTTP_HOST；若在反向代理之后，请传递 X-Forwarded-Proto）。",
            ),
        )],
    },
    FindingText {
        rule: "redirect-private",
        title: text("Redirect to a private address", "重定向到内网地址"),
        sentences: &[(
            "",
            text(
                "{host} redirects to {target}, an address that is reachable only from nearby: clients elsewhere cannot follow, and it may probe your network.",
                "{host} 重定向到 {target}，这是仅内网可达的地址：外部客户端无法访问，也可能是在探测你的内网。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Give the registry's storage a public address, or let the registry serve blobs itself (distribution: storage.redirect.disable).",
                "为仓库的存储配置公网地址，或让仓库自己提供数据块（distribution：storage.redirect.disable）。",
            ),
        )],
    },
    FindingText {
        rule: "auth-leak",
        title: text("Credentials sent to another host", "凭据被发往其他主机"),
        sentences: &[
            (
                "",
                text(
                    "After a redirect from {from} the client sent its {scheme} credentials on to {to}, which has no need of them.",
                    "从 {from} 重定向之后，客户端把 {scheme} 凭据一并发给了 {to}，而对方并不需要。",
                ),
            ),
            (
                "refused",
                text(
                    "After a redirect from {from} the client sent its {scheme} credentials on to {to}, which refused the request: the URL is signed already.",
                    "从 {from} 重定向之后，客户端把 {scheme} 凭据一并发给了 {to}；该 URL 本身已签名，请求因此被拒绝。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Update the client: it must drop Authorization when a redirect leaves the host.",
                "升级客户端：重定向离开原主机时必须去掉 Authorization。",
            ),
        )],
    },
    FindingText {
        rule: "signed-url-expired",
        title: text("Signed URL has expired", "签名 URL 已过期"),
        sentences: &[
            (
                "",
                text(
                    "The signed URL held until {expired} and was used later: {host} refused it ({status}).",
                    "签名 URL 的有效期到 {expired}，使用时已过期：{host} 拒绝了请求（{status}）。",
                ),
            ),
            (
                "stale",
                text(
                    "{registry} redirected to a signed URL that had already expired at {expired}: {host} refused it ({status}).",
                    "{registry} 给出的签名 URL 在 {expired} 就已过期：{host} 拒绝了请求（{status}）。",
                ),
            ),
            (
                "unstated",
                text(
                    "{host} says that the signed URL has expired ({status}).",
                    "{host} 表示签名 URL 已过期（{status}）。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Pull again: each redirect gets a fresh URL. If downloads wait long before they begin, lower the number of parallel ones or let the URLs live longer.",
                    "重新拉取：每次重定向都会得到新的 URL。若下载排队过久，请降低并发数，或延长签名 URL 的有效期。",
                ),
            ),
            (
                "stale",
                text(
                    "Check the registry's clock, and that no cache keeps its redirects longer than the URLs live.",
                    "检查仓库的时钟，并确认没有缓存把重定向保存得比 URL 有效期更久。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "signed-url-bad",
        title: text("Signature of a URL is wrong", "URL 签名不正确"),
        sentences: &[(
            "",
            text(
                "{host} does not accept the signature of the URL that {registry} redirected to.",
                "{host} 不接受 {registry} 所给 URL 的签名。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Check the registry's storage credentials, region and endpoint; a proxy that changes the URL or the Host field breaks the signature, too.",
                "检查仓库的存储密钥、区域和 endpoint；中间代理改写 URL 或 Host 字段也会破坏签名。",
            ),
        )],
    },
    FindingText {
        rule: "mirror-fallthrough",
        title: text("Mirror failed", "镜像站失效"),
        sentences: &[(
            "",
            text(
                "The mirror {mirror} failed ({problem}), so {client} went on to {registry}, without telling you.",
                "镜像站 {mirror} 失败（{problem}），{client} 没有提示就转而访问了 {registry}。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Repair the mirror or take it out of the client's configuration (dockerd: registry-mirrors, containerd: hosts.toml): each pull waits for it in vain.",
                "修复该镜像站，或将其从客户端配置中移除（dockerd：registry-mirrors，containerd：hosts.toml）：否则每次拉取都要白等它一回。",
            ),
        )],
    },
    FindingText {
        rule: "proxy-bypass",
        title: text("Download passed pullscope by", "下载绕过了 pullscope"),
        sentences: &[(
            "",
            text(
                "{host} redirected {client} to {target}, but that request never came here while the pull went on: the client fetched it without the proxy.",
                "{host} 把 {client} 重定向到 {target}，但该请求从未经过这里，拉取却在继续：客户端绕过代理直接下载了。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Take {target} out of NO_PROXY, and set HTTP_PROXY as well as HTTPS_PROXY; Go never uses a proxy for localhost.",
                "把 {target} 从 NO_PROXY 中去掉，并同时设置 HTTP_PROXY 和 HTTPS_PROXY；Go 程序访问 localhost 时从不走代理。",
            ),
        )],
    },
];
