//! What the rules say: for each a title, what happened, and what to do about it.
//!
//! Where a rule tells several cases apart, its fact `case` names the sentence, and its fact `fix`
//! the remedy; a case without a remedy of its own shares the first.

use super::text::{Text, text};

/// The texts of one rule.
#[derive(Clone, Copy, Debug)]
pub struct FindingText {
    /// The rule's word.
    pub rule: &'static str,
    /// A few words, as a headline.
    pub title: Text,
    /// What happened, by case; the first is the usual one and has no name.
    pub sentences: &'static [(&'static str, Text)],
    /// What to do about it, by case or client; the first is the usual one and has no name.
    pub fixes: &'static [(&'static str, Text)],
}

impl FindingText {
    /// The texts of every rule.
    pub const ALL: &[Self] = TEXTS;

    /// The texts of the rule of this word.
    pub fn find(rule: &str) -> Option<&'static Self> {
        TEXTS.iter().find(|texts| texts.rule == rule)
    }
}

/// What makes each client trust the CA; `certs/README.md` has the same at length.
const TRUST: &[(&str, Text)] = &[
    (
        "",
        text(
            "Make the client trust the CA that `pullscope ca path` names; certs/README.md says how for each client.",
            "让客户端信任 `pullscope ca path` 所指的 CA 证书；各客户端的做法见 certs/README.md。",
        ),
    ),
    (
        "dockerd",
        text(
            "Run `sudo pullscope setup docker` (`--undo` takes it back), or add to docker.service Environment=SSL_CERT_DIR=/etc/ssl/certs:/etc/pullscope/ca with the CA in that last directory, and restart dockerd. For Docker Hub /etc/docker/certs.d has no effect before Docker 29.",
            "运行 `sudo pullscope setup docker`（`--undo` 可还原）；或把 CA 放进 /etc/pullscope/ca，在 docker.service 中加上 Environment=SSL_CERT_DIR=/etc/ssl/certs:/etc/pullscope/ca，再重启 dockerd。注意：Docker 29 之前，/etc/docker/certs.d 对 Docker Hub 不起作用。",
        ),
    ),
    (
        "containerd",
        text(
            "Put the CA into /etc/containerd/certs.d/_default/ca.crt (`pullscope ca print | sudo tee` that file) and pass `ctr images pull --hosts-dir /etc/containerd/certs.d`; for CRI set config_path to that directory.",
            "把 CA 写入 /etc/containerd/certs.d/_default/ca.crt（`pullscope ca print | sudo tee` 该文件），再用 `ctr images pull --hosts-dir /etc/containerd/certs.d`；若是 CRI，把 config_path 指向该目录。",
        ),
    ),
    (
        "containers",
        text(
            "Set SSL_CERT_FILE to a bundle of the system's roots and the CA: `cat /etc/ssl/certs/ca-certificates.crt \"$(pullscope ca path)\" > ~/pullscope-bundle.pem`; or copy the CA to /etc/containers/certs.d/docker.io/ca.crt (the registry's own name for others).",
            "把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件：`cat /etc/ssl/certs/ca-certificates.crt \"$(pullscope ca path)\" > ~/pullscope-bundle.pem`；或者把 CA 复制为 /etc/containers/certs.d/docker.io/ca.crt（其他仓库用各自的主机名）。",
        ),
    ),
    (
        "buildkit",
        text(
            "In buildkitd.toml name the CA under [registry.\"docker.io\"] as ca = [\"/etc/pullscope/ca/pullscope.pem\"] and restart buildkitd; inside dockerd, /etc/docker/certs.d/docker.io/ca.crt does it.",
            "在 buildkitd.toml 的 [registry.\"docker.io\"] 下写 ca = [\"/etc/pullscope/ca/pullscope.pem\"] 并重启 buildkitd；若是 dockerd 内置的 BuildKit，放到 /etc/docker/certs.d/docker.io/ca.crt 即可。",
        ),
    ),
    (
        "crane",
        text(
            "Set SSL_CERT_FILE to a bundle of the system's roots and the CA: `cat /etc/ssl/certs/ca-certificates.crt \"$(pullscope ca path)\" > ~/pullscope-bundle.pem`; oras and helm also take `--ca-file \"$(pullscope ca path)\"`.",
            "把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件：`cat /etc/ssl/certs/ca-certificates.crt \"$(pullscope ca path)\" > ~/pullscope-bundle.pem`；oras 和 helm 也可以用 `--ca-file \"$(pullscope ca path)\"`。",
        ),
    ),
    (
        "curl",
        text(
            "Pass `--cacert \"$(pullscope ca path)\"` (wget: `--ca-certificate`).",
            "加上 `--cacert \"$(pullscope ca path)\"`（wget 用 `--ca-certificate`）。",
        ),
    ),
    (
        "go",
        text(
            "It is a program written in Go. If it is dockerd: `sudo pullscope setup docker`. If it is containerd: the CA goes into /etc/containerd/certs.d/_default/ca.crt, used with --hosts-dir. If it is podman, skopeo or crane: set SSL_CERT_FILE to a bundle of the system's roots and the CA, or run it by `pullscope exec -- …`.",
            "这是一个 Go 程序。若是 dockerd：`sudo pullscope setup docker`；若是 containerd：把 CA 放到 /etc/containerd/certs.d/_default/ca.crt，配合 --hosts-dir 使用；若是 podman、skopeo 或 crane：把 SSL_CERT_FILE 指向“系统根证书 + 本 CA”的合并文件，或用 `pullscope exec -- …` 启动。",
        ),
    ),
];

const TEXTS: &[FindingText] = &[
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
        fixes: TRUST,
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
        rule: "auth-loop",
        title: text("Fresh tokens are refused", "新令牌屡遭拒绝"),
        sentences: &[(
            "",
            text(
                "{host} answered 401 to {count} different tokens in a row for the same URL: it does not accept what its token server issues.",
                "{host} 对同一 URL 连续以 401 拒绝了 {count} 个不同的令牌：它不接受自家令牌服务器签发的令牌。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Compare the tokens' aud, scope and times with what the challenge asks for; check that registry and token server share key, service name and clock.",
                "把令牌的 aud、scope 和时间与质询要求对比；检查仓库与令牌服务器的密钥、service 名称和时钟是否一致。",
            ),
        )],
    },
    FindingText {
        rule: "scope-mismatch",
        title: text("Token does not allow this", "令牌权限不符"),
        sentences: &[
            (
                "",
                text(
                    "{issuer} issued a token that does not allow {action} on {repository} (it allows {granted}), so {host} refused it.",
                    "{issuer} 签发的令牌不允许对 {repository} 执行 {action}（实际授予：{granted}），因此被 {host} 拒绝。",
                ),
            ),
            (
                "anonymous",
                text(
                    "{issuer} gave the anonymous client a token that does not allow {action} on {repository} (it allows {granted}), so {host} refused it.",
                    "{issuer} 给匿名客户端的令牌不允许对 {repository} 执行 {action}（实际授予：{granted}），因此被 {host} 拒绝。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Check the repository's name and that this account may do this; a granted scope for another repository is a fault of the token server.",
                    "检查仓库名是否正确、该账号是否有相应权限；若授予的是另一个仓库的权限，则是令牌服务器的问题。",
                ),
            ),
            (
                "anonymous",
                text(
                    "Log in (`docker login`, `skopeo login`) if the repository is private, and check its name: for a registry, private and missing look alike. A granted scope for another repository is a fault of the token server.",
                    "若是私有仓库，请先登录（`docker login`、`skopeo login`），并检查名称：对仓库服务来说，“私有”和“不存在”看起来一样。若授予的是另一个仓库的权限，则是令牌服务器的问题。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "aud-mismatch",
        title: text("Token is for another service", "令牌的 aud 不符"),
        sentences: &[(
            "",
            text(
                "The token was asked for service {service}, but {issuer} issued it for {audience} (aud): a strict registry refuses it.",
                "请求的是 service={service} 的令牌，{issuer} 签发的令牌 aud 却是 {audience}：严格的仓库会拒绝它。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Make the token server's audience and the registry's service name the same.",
                "让令牌服务器的 aud 与仓库配置的 service 名称保持一致。",
            ),
        )],
    },
    FindingText {
        rule: "token-expired",
        title: text("Token has expired", "令牌已过期"),
        sentences: &[(
            "",
            text(
                "The token had expired {late:span} before it was used, and {host} refused it.",
                "令牌在使用时已过期 {late:span}，被 {host} 拒绝。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "The client should ask for a new token; if it does not, try again. For long pulls a longer token lifetime at the token server helps.",
                "客户端应当重新获取令牌；若没有，重试一次。对耗时的拉取，可在令牌服务器上延长令牌有效期。",
            ),
        )],
    },
    FindingText {
        rule: "clock-skew",
        title: text("Clocks differ", "时钟不一致"),
        sentences: &[
            (
                "",
                text(
                    "The clocks of {host} and of this machine are {gap:span} apart.",
                    "{host} 与本机的时钟相差 {gap:span}。",
                ),
            ),
            (
                "local",
                text(
                    "This machine's clock is {gap:span} off: every server asked, {host} among them, has another time.",
                    "本机时钟偏差 {gap:span}：所有被访问的服务器（包括 {host}）的时间都与本机不同。",
                ),
            ),
            (
                "token",
                text(
                    "The token from {issuer} is not valid at this time by the clock of {host}: their clocks are at least {gap:span} apart.",
                    "按 {host} 的时钟，{issuer} 签发的令牌此刻无效：两者的时钟至少相差 {gap:span}。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Set the clock that is wrong (`timedatectl` shows this machine's; use NTP): tokens and signed URLs hold only between two moments.",
                    "校准不准的那个时钟（本机可用 `timedatectl` 查看，建议启用 NTP）：令牌和签名 URL 都只在一段时间内有效。",
                ),
            ),
            (
                "local",
                text(
                    "Set this machine's clock (`timedatectl set-ntp true`): tokens and certificates hold only between two moments.",
                    "校准本机时钟（`timedatectl set-ntp true`）：令牌和证书都只在一段时间内有效。",
                ),
            ),
            (
                "token",
                text(
                    "Synchronise the clocks of the token server and the registry (NTP); the token's nbf, iat and exp show which is wrong.",
                    "用 NTP 同步令牌服务器与仓库的时钟；令牌的 nbf、iat、exp 能看出是哪一方不准。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "short-token",
        title: text("Token lives very briefly", "令牌有效期过短"),
        sentences: &[
            (
                "",
                text(
                    "The token from {issuer} lives for {seconds} s only, while clients use one for at least 60 s.",
                    "{issuer} 签发的令牌有效期只有 {seconds} 秒，而客户端至少会用满 60 秒。",
                ),
            ),
            (
                "absent",
                text(
                    "{issuer} does not say how long its token lives (no expires_in, and the token shows no exp): clients take 60 s for granted.",
                    "{issuer} 没有说明令牌有效期（既无 expires_in，令牌中也看不到 exp）：客户端会按 60 秒处理。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Let the token server state an expires_in of 60 or more, 300 for instance.",
                "让令牌服务器返回不小于 60 的 expires_in，例如 300。",
            ),
        )],
    },
    FindingText {
        rule: "denied",
        title: text("Access denied", "访问被拒绝"),
        sentences: &[
            (
                "",
                text(
                    "{host} denied access to {repository} ({status}).",
                    "{host} 拒绝访问 {repository}（{status}）。",
                ),
            ),
            (
                "scope",
                text(
                    "{host} says that the token is not enough for {repository} ({status}, insufficient_scope).",
                    "{host} 表示令牌权限不足以访问 {repository}（{status}，insufficient_scope）。",
                ),
            ),
            (
                "login",
                text(
                    "{host} does not accept the user name and password, or the refresh token, that the client sent ({status}).",
                    "{host} 不接受客户端发送的用户名密码或刷新令牌（{status}）。",
                ),
            ),
            (
                "token",
                text(
                    "The token server {host} gives anonymous clients no token for {repository} ({status}).",
                    "令牌服务器 {host} 不向匿名客户端签发 {repository} 的令牌（{status}）。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Log in with an account that may do this (`docker login`, `skopeo login`), and check the repository's name: private and missing look alike.",
                    "用有权限的账号登录（`docker login`、`skopeo login`），并检查仓库名：“私有”和“不存在”看起来一样。",
                ),
            ),
            (
                "login",
                text(
                    "Log in again; the password may have changed or the access token may have been revoked.",
                    "重新登录；密码可能已更改，或访问令牌已被吊销。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "not-found",
        title: text("No such image", "镜像不存在"),
        sentences: &[
            (
                "",
                text(
                    "{host} has no {reference} in {repository} (404).",
                    "{host} 的 {repository} 中没有 {reference}（404）。",
                ),
            ),
            (
                "name",
                text(
                    "{host} knows no repository {repository} (404).",
                    "{host} 上没有名为 {repository} 的仓库（404）。",
                ),
            ),
            (
                "blob",
                text(
                    "{host} does not have blob {reference} of {repository}, though a manifest names it (404).",
                    "{host} 没有 {repository} 的数据块 {reference}，尽管清单中引用了它（404）。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Check the spelling of the tag; `skopeo list-tags` shows which there are.",
                    "检查标签拼写；用 `skopeo list-tags` 可列出已有标签。",
                ),
            ),
            (
                "name",
                text(
                    "Check the spelling of the name; images of Docker Hub without an owner are under library/.",
                    "检查仓库名拼写；Docker Hub 上没有所有者前缀的官方镜像位于 library/ 下。",
                ),
            ),
            (
                "blob",
                text(
                    "The image is damaged at the registry: push it again, or report it to whoever runs the registry.",
                    "仓库端的镜像已损坏：请重新推送，或联系仓库管理员。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "no-platform",
        title: text("Not built for this platform", "没有适配的平台"),
        sentences: &[(
            "",
            text(
                "The image exists for {platforms}, not for {platform}, and the client took none of them.",
                "该镜像只提供 {platforms}，没有 {platform}，客户端一个也没有选用。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Choose a tag that is built for the platform, or name one that exists (`docker pull --platform`) and run it by emulation (binfmt, QEMU).",
                "换一个支持该平台的标签；或用 `docker pull --platform` 指定已有的平台，再通过模拟（binfmt/QEMU）运行。",
            ),
        )],
    },
    FindingText {
        rule: "rate-limited",
        title: text("Rate limit reached", "触发限流"),
        sentences: &[
            (
                "",
                text(
                    "{host} answered 429: more than {limit} pulls in {window:span} from this address or account.",
                    "{host} 返回 429：该地址或账号在 {window:span} 内的拉取超过了 {limit} 次。",
                ),
            ),
            (
                "bare",
                text(
                    "{host} answered 429: too many requests from this address or account.",
                    "{host} 返回 429：来自该地址或账号的请求过多。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Log in (an account has a higher limit than an address that many share), wait as long as Retry-After says, or pull by a mirror or cache.",
                "登录（账号的额度高于多人共用的出口地址），按 Retry-After 等待，或改用镜像加速/本地缓存。",
            ),
        )],
    },
    FindingText {
        rule: "rate-low",
        title: text("Rate limit is near", "限流额度将尽"),
        sentences: &[
            (
                "",
                text(
                    "{host} will serve only {remaining} more pulls of {limit} in {window:span}.",
                    "{host} 在 {window:span} 的窗口内共 {limit} 次额度，只剩 {remaining} 次拉取。",
                ),
            ),
            (
                "bare",
                text(
                    "{host} will serve only {remaining} more requests of {limit}.",
                    "{host} 共 {limit} 次额度，只剩 {remaining} 次请求。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Log in or use a mirror or cache before the limit is reached.",
                "在额度用尽之前登录，或改用镜像加速/本地缓存。",
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
        rule: "digest-mismatch",
        title: text("Content is not what was asked for", "内容摘要不符"),
        sentences: &[(
            "",
            text(
                "{asked} was asked for, but what {host} sent has the digest {got}: it was changed or damaged, and clients refuse it.",
                "请求的是 {asked}，{host} 返回内容的摘要却是 {got}：内容被改动或损坏，客户端会拒绝。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Pull again by another route or mirror. If it stays, the copy at the registry or its CDN is damaged, or something on the way changes content: push again, purge the cache.",
                "换一条线路或镜像站再拉取。若依旧如此，则仓库/CDN 上的副本已损坏，或途中有设备改写内容：请重新推送或清除缓存。",
            ),
        )],
    },
    FindingText {
        rule: "dcd-mismatch",
        title: text(
            "Docker-Content-Digest is wrong",
            "Docker-Content-Digest 不符",
        ),
        sentences: &[(
            "",
            text(
                "{host} states {stated} as Docker-Content-Digest, but the body's digest is {got}.",
                "{host} 在 Docker-Content-Digest 中声明 {stated}，而正文的摘要是 {got}。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "A registry or cache that rewrites manifests must compute the field anew; pull by digest to be sure of what you get.",
                "改写清单的仓库或缓存必须重新计算该字段；按摘要拉取才能确定得到的是什么。",
            ),
        )],
    },
    FindingText {
        rule: "truncated",
        title: text("Download broke off", "下载中断"),
        sentences: &[
            (
                "",
                text(
                    "A download from {host} broke off after {received} of {promised}.",
                    "从 {host} 下载到 {received}（共 {promised}）时中断。",
                ),
            ),
            (
                "open",
                text(
                    "A download from {host} broke off after {received}; its length was not announced.",
                    "从 {host} 下载到 {received} 时中断；服务器没有声明总长度。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Pull again; if it breaks off at the same place, look for a limit on time or size in a proxy, load balancer or firewall on the way.",
                "重新拉取；若总在同一位置中断，请检查途中的代理、负载均衡或防火墙是否有时长或大小限制。",
            ),
        )],
    },
    FindingText {
        rule: "size-mismatch",
        title: text("Size differs from the manifest", "大小与清单不符"),
        sentences: &[(
            "",
            text(
                "{host} serves {length} where the manifest promises {stated}: clients refuse it.",
                "{host} 返回了 {length}，而清单声明为 {stated}：客户端会拒绝。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "The blob is another one or damaged, or an error page took its place: fetch the URL by hand and look at it, then push again or purge the cache.",
                "该数据块不对或已损坏，也可能被错误页面顶替：请手动访问该 URL 查看内容，再重新推送或清除缓存。",
            ),
        )],
    },
    FindingText {
        rule: "resumed",
        title: text("Download was resumed", "下载断点续传"),
        sentences: &[
            (
                "",
                text(
                    "A download broke off and {client} took it up again at {start} from {host}.",
                    "下载中断后，{client} 从 {start} 处向 {host} 续传。",
                ),
            ),
            (
                "often",
                text(
                    "Downloads broke off and {client} took them up again {count} times, first at {start} from {host}.",
                    "下载多次中断，{client} 续传了 {count} 次，第一次是从 {start} 处向 {host} 续传。",
                ),
            ),
        ],
        fixes: &[(
            "",
            text(
                "Once is nothing to worry about. If it happens again and again, the connection to the CDN is bad: try another network or mirror.",
                "偶尔一次无需在意。若反复出现，说明到 CDN 的连接不佳：换个网络或镜像站试试。",
            ),
        )],
    },
    FindingText {
        rule: "range-ignored",
        title: text("Range was ignored", "Range 请求被忽略"),
        sentences: &[(
            "",
            text(
                "The client asked {host} for a part ({range}) and got all of it (200): a download cannot be resumed there.",
                "客户端只请求了一部分（{range}），{host} 却返回了全部（200）：在那里无法断点续传。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Let the storage, CDN or proxy in between support Range (Accept-Ranges: bytes); lazy formats such as eStargz need it.",
                "让存储、CDN 或中间代理支持 Range（Accept-Ranges: bytes）；eStargz 等按需加载格式依赖它。",
            ),
        )],
    },
    FindingText {
        rule: "slow-blob",
        title: text("One blob is very slow", "个别数据块过慢"),
        sentences: &[
            (
                "",
                text(
                    "{size} from {host} came at {rate}, the median of this pull's other blobs is {median}; first byte after {wait}, then {receive} to receive.",
                    "从 {host} 下载 {size} 的速率只有 {rate}，而其他数据块的中位数为 {median}；首字节耗时 {wait}，传输耗时 {receive}。",
                ),
            ),
            (
                "wait",
                text(
                    "{host} took {wait} to send the first byte of {size}, then {receive} for the rest: {rate} in all, the median of this pull's other blobs is {median}.",
                    "{host} 用了 {wait} 才发出 {size} 数据块的首字节，其余耗时 {receive}：总体速率 {rate}，而其他数据块的中位数为 {median}。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "The connection to this server is slow or shaped: try another CDN node, network or mirror.",
                    "到该服务器的连接过慢或被限速：换一个 CDN 节点、网络或镜像站。",
                ),
            ),
            (
                "wait",
                text(
                    "The server was slow to begin, as with a cold cache or storage: try again, and compare.",
                    "服务器起步慢，常见于缓存未命中或冷存储：再试一次并对比。",
                ),
            ),
        ],
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
    FindingText {
        rule: "schema1",
        title: text("Manifest is of schema 1", "schema 1 旧清单"),
        sentences: &[(
            "",
            text(
                "{host} serves a manifest of schema 1, a format that current Docker and containerd refuse.",
                "{host} 返回的是 schema 1 清单，当前的 Docker 和 containerd 已不再支持。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Push the image again with a current client; the registry may also need an update.",
                "用新版客户端重新推送该镜像；仓库服务也可能需要升级。",
            ),
        )],
    },
    FindingText {
        rule: "head-405",
        title: text("HEAD is not allowed", "不允许 HEAD"),
        sentences: &[(
            "",
            text(
                "{host} does not allow HEAD on manifests (405), which the specification requires: clients fall back to GET or give up.",
                "{host} 不允许对清单使用 HEAD（405），而规范要求支持：客户端只能退回 GET，或直接失败。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Allow HEAD in the registry or in the proxy or firewall before it.",
                "在仓库，或其前面的代理、防火墙上放行 HEAD。",
            ),
        )],
    },
    FindingText {
        rule: "missing-dcd",
        title: text("No Docker-Content-Digest", "缺少 Docker-Content-Digest"),
        sentences: &[(
            "",
            text(
                "{host} serves a manifest without Docker-Content-Digest: clients cannot learn a tag's digest by HEAD and must fetch more.",
                "{host} 返回的清单没有 Docker-Content-Digest：客户端无法用 HEAD 得知标签对应的摘要，只能多下载一次。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Let the registry send the field, and see that no proxy in between drops it.",
                "让仓库返回该字段，并确认中间代理没有把它去掉。",
            ),
        )],
    },
    FindingText {
        rule: "duplicate",
        title: text("Layer was fetched twice", "重复下载同一层"),
        sentences: &[(
            "",
            text(
                "{client} fetched layer {digest} whole {count} times in one pull, {size} each time.",
                "{client} 在一次拉取中把层 {digest} 完整下载了 {count} 次，每次 {size}。",
            ),
        )],
        fixes: &[(
            "",
            text(
                "Look in the client's log for why it discarded the first copy: a full disk, a timeout, or two pulls at once.",
                "查看客户端日志，看它为何丢弃了第一份：磁盘已满、超时，或同时进行了两次拉取。",
            ),
        )],
    },
    FindingText {
        rule: "blob-encoding",
        title: text("Blob is encoded oddly", "数据块编码异常"),
        sentences: &[
            (
                "",
                text(
                    "{host} sends a blob with Content-Encoding {coding}: clients that undo it get other bytes than the digest is of.",
                    "{host} 返回数据块时带有 Content-Encoding: {coding}：客户端若自动解码，得到的字节就与摘要不符。",
                ),
            ),
            (
                "magic",
                text(
                    "A blob from {host} is {shown}, though its media type is {stated}.",
                    "来自 {host} 的数据块实际是 {shown}，而其媒体类型声明为 {stated}。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Store and serve blobs without Content-Encoding (check the bucket's metadata and compression in CDN or proxy).",
                    "存储和分发数据块时不要带 Content-Encoding（检查对象存储的元数据，以及 CDN 或代理的压缩设置）。",
                ),
            ),
            (
                "magic",
                text(
                    "Push the image again with a tool that states the media type of what it pushes.",
                    "用能正确标注媒体类型的工具重新推送该镜像。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "manifest-type",
        title: text("This is no such manifest", "返回的不是清单"),
        sentences: &[
            (
                "",
                text(
                    "{host} serves a manifest as {served}, while the manifest itself says {detail}: clients refuse one that contradicts itself.",
                    "{host} 以 {served} 返回清单，而清单自身声明为 {detail}：自相矛盾，客户端会拒绝。",
                ),
            ),
            (
                "html",
                text(
                    "{host} answers with a web page where a manifest should be: a filter, a login portal or a wrong address is in between.",
                    "{host} 返回的是网页而不是清单：中间有过滤设备、登录门户，或地址有误。",
                ),
            ),
            (
                "unreadable",
                text(
                    "What {host} serves as a manifest ({served}) cannot be read as one: {detail}.",
                    "{host} 返回的清单（{served}）无法解析：{detail}。",
                ),
            ),
        ],
        fixes: &[
            (
                "",
                text(
                    "Correct Content-Type at the registry or the proxy in between, or push the manifest again.",
                    "在仓库或中间代理上修正 Content-Type，或重新推送清单。",
                ),
            ),
            (
                "html",
                text(
                    "Open the page (its text is in the response body) to see who answers; have the registry let through, or log in to the portal.",
                    "查看该网页（正文在响应体中）确认是谁在应答；请放行该仓库地址，或先登录门户。",
                ),
            ),
            (
                "unreadable",
                text(
                    "Push the image again; if the registry is behind a proxy, compare what it serves directly.",
                    "重新推送该镜像；若仓库在代理之后，请对比直连时的返回。",
                ),
            ),
        ],
    },
    FindingText {
        rule: "registry-warning",
        title: text("The registry warns", "仓库发出警告"),
        sentences: &[("", text("{host} says: {text}", "{host} 提示：{text}"))],
        fixes: &[(
            "",
            text(
                "Read it: registries announce deprecations and limits this way.",
                "请留意：仓库常用这种方式预告弃用和限制。",
            ),
        )],
    },
];
