//! Tokens, refusals and limits.

use super::FindingText;
use crate::words::text;

pub(super) const TEXTS: &[FindingText] = &[
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
