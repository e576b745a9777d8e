//! Manifests and blobs.

use super::FindingText;
use crate::words::text;

pub(super) const TEXTS: &[FindingText] = &[
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
                "alone",
                text(
                    "{size} from {host} came at no more than {rate}; first byte after {wait}, then {receive} to receive.",
                    "从 {host} 下载 {size} 的速率只有 {rate}；首字节耗时 {wait}，传输耗时 {receive}。",
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
];
