//! The sentences about steps.

use crate::words::{Text, text};

macro_rules! texts {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        $(pub(super) const $name: Text = text($en, $zh);)*

        /// Every sentence about steps, with its name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, Text)] = &[$((stringify!($name), $name),)*];
    };
}

texts! {
    // `/v2/` and challenges.
    PING: "{host} speaks the registry API and lets the client go on without a token.",
        "{host} 支持 registry API，无需令牌即可继续。";
    CHALLENGE: "{host} wants a token before it answers: the client is to ask {realm} for one.",
        "{host} 要求先出示令牌：客户端需向 {realm} 申请。";
    CHALLENGE_SCOPE: "The token must allow {scope}.",
        "令牌须授予 {scope}。";
    CHALLENGE_FIRST: "This first 401 is normal: it only says where tokens are to be had.",
        "第一次 401 属正常流程，只是告知去哪里取令牌。";
    CHALLENGE_INSUFFICIENT: "The client sent a token, but {host} says it is not enough ({error}).",
        "客户端带了令牌，但 {host} 表示权限不足或令牌无效（{error}）。";
    CHALLENGE_AGAIN: "The client sent a token, and {host} wants another one.",
        "客户端带了令牌，但 {host} 要求换一个。";
    CHALLENGE_BASIC: "{host} wants a user name and a password (Basic).",
        "{host} 要求用户名和密码（Basic 认证）。";
    CHALLENGE_BASIC_AGAIN: "{host} does not accept the user name and the password that were sent (Basic).",
        "{host} 不接受所发送的用户名和密码（Basic 认证）。";
    CHALLENGE_MUTE: "{host} answers 401 without saying how to log in.",
        "{host} 返回 401，却没有说明如何认证。";

    // Tokens.
    TOKEN_ANONYMOUS: "The client asks {host} for a token, without logging in.",
        "客户端以匿名身份向 {host} 申请令牌。";
    TOKEN_PASSWORD: "The client asks {host} for a token, with user name and password.",
        "客户端用用户名和密码向 {host} 申请令牌。";
    TOKEN_REFRESH: "The client asks {host} for a token, with a refresh token.",
        "客户端用刷新令牌向 {host} 申请令牌。";
    TOKEN_OTHER: "The client asks {host} for a token, with credentials of its own kind.",
        "客户端用其他凭据向 {host} 申请令牌。";
    TOKEN_NO_SCOPE: "It asks for no particular access, as a login does.",
        "没有请求具体权限，类似登录校验。";
    TOKEN_AS_ASKED: "It asks for {asked} and is granted just that.",
        "请求 {asked}，如数授予。";
    TOKEN_OTHERWISE: "It asks for {asked} and is granted {granted}: the registry will refuse what is missing.",
        "请求 {asked}，实际授予 {granted}：缺少的部分将被仓库拒绝。";
    TOKEN_NOTHING: "It asks for {asked} and is granted nothing: for this client the repository is private or does not exist.",
        "请求 {asked}，却什么也没有授予：对该客户端而言，仓库是私有的或不存在。";
    TOKEN_OPAQUE: "It asks for {asked}; the token is opaque, so only the registry knows what it allows.",
        "请求 {asked}；令牌不透明，具体权限只有仓库知道。";
    TOKEN_LIFETIME: "The token holds for {lifetime:span}.",
        "令牌有效期 {lifetime:span}。";
    TOKEN_NONE: "The answer holds no token.",
        "响应中没有令牌。";

    // Manifests.
    RESOLVE_TAG: "HEAD asks which digest {reference} stands for, without downloading anything: {digest}.",
        "用 HEAD 查询 {reference} 对应的摘要，不下载内容：{digest}。";
    RESOLVE_TAG_MUTE: "HEAD asks which digest {reference} stands for; the answer does not say.",
        "用 HEAD 查询 {reference} 对应的摘要，响应却没有给出。";
    RESOLVE_DIGEST: "HEAD asks whether manifest {digest} is there: it is.",
        "用 HEAD 查询清单 {digest} 是否存在：存在。";
    INDEX: "The answer is a list of manifests for {count} platforms.",
        "返回的是清单列表，共 {count} 个平台。";
    INDEX_ONE: "The answer is a list of manifests for a single platform.",
        "返回的是清单列表，只有一个平台。";
    INDEX_NONE: "The answer is a list of manifests, none of them of an image.",
        "返回的是清单列表，但其中没有镜像。";
    INDEX_ATTESTATIONS: "Of its {entries} entries the others are no images, such as build attestations.",
        "列表共有 {entries} 项，其余不是镜像，例如构建证明（attestation）。";
    INDEX_CHOSEN: "The client takes the one for {platform}.",
        "客户端选择了 {platform}。";
    INDEX_UNCHOSEN: "The client has not taken one of them so far.",
        "客户端尚未从中选择。";
    MANIFEST: "The manifest names the image's configuration and {layers}, {size} in all.",
        "清单列出了镜像配置和 {layers}，共 {size}。";
    LAYERS_ONE: "one layer", "1 个层";
    LAYERS: "{count} layers", "{count} 个层";
    BLOBS_ONE: "one blob", "1 个数据块";
    BLOBS: "{count} blobs", "{count} 个数据块";
    MANIFEST_PLATFORM: "It is the one for {platform}.",
        "这是 {platform} 平台的清单。";
    MANIFEST_ONLY: "There is no list before it: the tag has a single image.",
        "没有清单列表：该标签只有一个镜像。";
    MANIFEST_ARTIFACT: "The manifest is of an artifact ({artifact}), no image to run; it names {layers}, {size} in all.",
        "清单描述的是一个制品（{artifact}），不是可运行的镜像；它列出 {layers}，共 {size}。";
    MANIFEST_SCHEMA1: "The manifest is of schema 1, the format of 2014, and names {layers} without sizes.",
        "这是 2014 年的 schema 1 格式清单，列出 {layers} 但不含大小。";
    MANIFEST_UNREADABLE: "What came is no manifest: {reason}.",
        "返回的内容不是清单：{reason}。";
    MANIFEST_UNSEEN: "The client fetches a manifest; its content is not at hand here.",
        "客户端获取清单；此处没有其内容。";

    // Blobs.
    REDIRECT: "{host} does not send {what} itself: it sends the client on to {target}.",
        "{host} 不直接提供{what}，而是让客户端转到 {target}。";
    REDIRECT_WITHIN: "{host} sends the client on to another path of its own for {what}.",
        "{host} 让客户端转到自己的另一路径获取{what}。";
    REDIRECT_SIGNED: "The new URL is signed ({signer}): whoever has it may download, without a token.",
        "新 URL 带签名（{signer}）：持有者无需令牌即可下载。";
    REDIRECT_EXPIRES: "It holds until {expires}.",
        "有效期至 {expires}。";
    REDIRECT_DOWNGRADE: "It gives up TLS: the target is plain http.",
        "目标是明文 http，放弃了 TLS。";
    DOWNLOAD: "{what} comes from {host}.",
        "从 {host} 下载{what}。";
    DOWNLOAD_CDN: "{what} comes from {host}, where the registry had sent the client.",
        "按仓库的重定向，从 {host} 下载{what}。";
    DOWNLOAD_PART: "Only a part is asked for ({range}).",
        "只请求了其中一部分（{range}）。";
    DOWNLOAD_RIGHT: "Its digest is the right one.",
        "摘要校验一致。";
    DOWNLOAD_WRONG: "Its digest is not the one asked for: the client will refuse it.",
        "摘要与请求的不符：客户端会拒绝。";
    AUTH_NONE: "No credentials were sent along.",
        "没有携带凭据。";
    AUTH_SENT: "The client sent its {scheme} credentials along.",
        "客户端把 {scheme} 凭据一并发送了。";
    CONFIG_SAYS: "It says how to run the image ({platform}) and how each layer was made.",
        "其中记录了镜像（{platform}）如何运行、每一层如何构建。";
    EXISTS: "The client asks whether the registry has blob {digest} already: it has, so it need not be sent.",
        "客户端询问仓库是否已有数据块 {digest}：已有，无需上传。";

    // Pushing.
    UPLOAD_START: "The client wants to upload a blob; the registry says where to send it.",
        "客户端要上传数据块；仓库告知上传地址。";
    UPLOAD_MOUNTED: "The client asked to take blob {digest} from repository {from}, and the registry did: nothing is uploaded.",
        "客户端请求从仓库 {from} 挂载数据块 {digest}，仓库已照办：无需上传。";
    UPLOAD_NOT_MOUNTED: "The client asked to take blob {digest} from repository {from}; the registry did not, so it must be uploaded.",
        "客户端请求从仓库 {from} 挂载数据块 {digest}，仓库没有照办，因此需要上传。";
    UPLOAD_BYTES: "The client sends bytes of a blob.",
        "客户端上传数据块的内容。";
    UPLOAD_CLOSE: "The client closes the upload and states the digest {digest}; the registry checks it and keeps the blob.",
        "客户端结束上传并声明摘要 {digest}；仓库校验后保存该数据块。";
    UPLOAD_STATUS: "The client asks how much of an upload has arrived.",
        "客户端查询上传进度。";
    UPLOAD_CANCEL: "The client gives an upload up.",
        "客户端取消上传。";
    PUBLISH: "The client puts the manifest in place: from now on {reference} stands for it.",
        "客户端写入清单：此后 {reference} 即指向它。";
    DELETE: "The client deletes {reference}.",
        "客户端删除 {reference}。";

    // Lists.
    TAGS: "The client asks for the tags of {repository}.",
        "客户端列出 {repository} 的标签。";
    REFERRERS: "The client asks what refers to {reference}: signatures, bills of materials, attestations.",
        "客户端查询引用了 {reference} 的内容：签名、SBOM、构建证明。";
    CATALOG: "The client asks for the registry's repositories.",
        "客户端列出该 registry 的所有仓库。";
    LISTED: "{count} of them are in this answer.",
        "本次响应包含 {count} 项。";
    PAGE_NEXT: "There is a next page.",
        "还有下一页。";
    PAGE_LATER: "This is a further page of the same list.",
        "这是同一列表的后续页。";

    // What goes wrong.
    ERROR: "{host} answers {status}.",
        "{host} 返回 {status}。";
    ERROR_SAYS: "It says: {message}",
        "原因：{message}";
    ERROR_UNAUTHORIZED: "{host} does not accept the credentials ({status}).",
        "{host} 不接受该凭据（{status}）。";
    ERROR_FORBIDDEN: "{host} does not allow this ({status}).",
        "{host} 不允许该操作（{status}）。";
    ERROR_NOT_FOUND: "{host} does not have it (404).",
        "{host} 上不存在（404）。";
    ERROR_BLOB_NEW: "The client asks whether the registry has the blob already: it has not (404), so the client will send it.",
        "客户端询问仓库是否已有该数据块：没有（404），因此将上传。";
    ERROR_MANIFEST_NEW: "The client asks whether the manifest is there already: it is not (404), so the client will send it.",
        "客户端询问清单是否已存在：没有（404），因此将写入。";
    ERROR_REFERRERS: "{host} has no list of referrers (404); the client will look for a tag of that name instead.",
        "{host} 没有 referrers 列表（404）；客户端会改为查找同名标签。";
    ERROR_METHOD: "{host} does not allow the method {method} here (405).",
        "{host} 在此不允许 {method} 方法（405）。";
    ERROR_LIMIT: "{host} limits how often one may ask (429).",
        "{host} 触发限流（429）。";
    ERROR_SERVER: "{host} is in trouble itself ({status}); trying again later may help.",
        "{host} 自身出错（{status}），稍后重试或可恢复。";
    ERROR_UPLOAD: "{host} refuses what was sent ({status}).",
        "{host} 拒绝了上传的内容（{status}）。";

    FAILED_REQUEST: "The client's request is malformed, so it was not passed on: {detail}",
        "客户端的请求格式有误，未予转发：{detail}";
    FAILED_HEAD: "The head of the client's request is too large to pass on: {detail}",
        "客户端请求头过大，未予转发：{detail}";
    FAILED_MISDIRECTED: "The request names another host than its tunnel leads to: {detail}",
        "请求的主机与隧道的目标不一致：{detail}";
    FAILED_REQUEST_TIMEOUT: "The client did not finish its request in time: {detail}",
        "客户端没有在时限内发完请求：{detail}";
    FAILED_LOOP: "The request would lead back to pullscope: {detail}",
        "该请求会绕回 pullscope 自身：{detail}";
    FAILED_FORBIDDEN: "pullscope does not connect to this address: {detail}",
        "pullscope 不会连接该地址：{detail}";
    FAILED_OVERLOAD: "pullscope has too many connections open: {detail}",
        "pullscope 打开的连接过多：{detail}";
    FAILED_DNS: "The name {host} could not be resolved: {detail}",
        "无法解析域名 {host}：{detail}";
    FAILED_CONNECT: "No connection to {host}: {detail}",
        "无法连接 {host}：{detail}";
    FAILED_PROXY: "The upstream proxy did not let us through to {host}: {detail}",
        "上游代理没有放行到 {host} 的连接：{detail}";
    FAILED_TLS: "No TLS with {host}: {detail}",
        "无法与 {host} 建立 TLS：{detail}";
    FAILED_TIMEOUT: "{host} took too long: {detail}",
        "{host} 响应超时：{detail}";
    FAILED_RESPONSE: "The answer of {host} is malformed: {detail}",
        "{host} 的响应格式有误：{detail}";
    FAILED_NO_RESPONSE: "{host} closed the connection without an answer: {detail}",
        "{host} 没有响应就关闭了连接：{detail}";
    FAILED_INTERNAL: "A fault in pullscope: {detail}",
        "pullscope 内部错误：{detail}";

    ABORTED_CLIENT: "The client broke it off: it gave up, or had enough.",
        "客户端中途断开：可能放弃了，或已不再需要。";
    ABORTED_SERVER: "{host} broke it off before all of it had arrived.",
        "{host} 在传完之前断开了连接。";
    ABORTED_SHUTDOWN: "It was under way when pullscope stopped.",
        "pullscope 停止时传输仍在进行。";
    ABORTED_CAPTURE: "The capture ends here, in the middle of it.",
        "捕获到此中断，传输尚未结束。";
    OPEN_REQUEST: "The client is sending its request.",
        "客户端正在发送请求。";
    OPEN_ASKED: "{host} has been asked and has not answered yet.",
        "已向 {host} 发出请求，尚未收到响应。";
    OPEN: "It is still under way.",
        "传输仍在进行。";
    WHY_TOKEN: "With the token it has got, the client goes on.",
        "客户端凭取得的令牌继续。";
    WHY_RESOLVE: "HEAD told the digest, so the client asks by digest now.",
        "HEAD 已给出摘要，客户端改按摘要获取。";
    WHY_INDEX: "The list of manifests named it.",
        "由清单列表指定。";
    WHY_MANIFEST: "The manifest names it, and the client does not have it yet.",
        "清单列出了它，而客户端本地没有。";
    RETRY: "The same was asked before and failed, so the client tries again.",
        "此前的同一请求失败，客户端重试。";
    OTHER: "This is no request of the registry API, and nothing led here from one.",
        "这不是 registry API 的请求，也没有由此类请求引出。";
}
