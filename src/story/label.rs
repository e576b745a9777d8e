//! The words of the story's own, in both languages.

use super::Span;
use crate::words::Lang;

/// A word or two in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    en: &'static str,
    zh: &'static str,
}

impl Label {
    /// In a language.
    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }

    /// As the name of a value.
    pub(crate) fn dim(self, lang: Lang) -> Span {
        Span::dim(self.of(lang))
    }
}

macro_rules! labels {
    ($($name:ident $en:literal $zh:literal;)*) => {
        $(pub(crate) const $name: Label = Label { en: $en, zh: $zh };)*

        #[cfg(test)]
        const ALL: &[Label] = &[$($name,)*];
    };
}

labels! {
    CLIENT "client" "客户端";
    ARTICLE "What passed between client and registry" "客户端与仓库之间发生了什么";
    REGISTRY "registry" "仓库服务";
    MIRRORS "mirrors" "镜像站";
    PLATFORM "platform" "平台";
    DIGEST "digest" "摘要";
    STARTED "started" "开始";
    TOTAL "total" "合计";
    EXCHANGES "{n} exchanges" "{n} 次交互";
    CRITICAL_PATH "critical path" "关键路径";
    STEP "step" "步骤";
    STEPS "Steps" "步骤";
    FINDINGS "Findings" "诊断";
    NO_FINDINGS "nothing is wrong with it, as far as it shows" "未发现问题";
    FIX "Fix:" "处理：";
    SEE "See:" "参考：";
    BLOBS "Blobs" "数据块";
    LOOSE "Exchanges that belong to no pull" "不属于任何拉取的交互";
    TUNNELS "Tunnels that were passed on unread" "未解读、直接转发的隧道";
    HANDSHAKES "TLS handshakes that clients gave up" "客户端放弃的 TLS 握手";
    FOR_ALL "Findings beyond single pulls" "跨拉取的诊断";
    CAUSE "caused by" "起因";
    LEADS_TO "leads to" "引出";
    GRANTED "granted" "授予";
    AS_ASKED "as asked" "与请求一致";
    OTHERWISE "not what was asked" "与请求不一致";
    REALM "realm" "realm";
    SERVICE "service" "service";
    SCOPE "scope" "scope";
    SENT_AS "sent as" "身份";
    ANONYMOUS "anonymous" "匿名";
    PASSWORD "user name and password" "用户名与密码";
    REFRESH_TOKEN "refresh token" "刷新令牌";
    OTHER_CREDENTIALS "other credentials" "其他凭据";
    TOKEN "token" "令牌";
    OPAQUE "opaque, {n} characters: only the server can read it" "不透明，{n} 个字符：只有服务器能解读";
    LIFETIME "expires_in" "expires_in";
    NOT_STATED "not stated: clients assume 60 s" "未声明，客户端按 60 秒计";
    ISSUER "iss" "iss 签发者";
    SUBJECT "sub" "sub 主体";
    AUDIENCE "aud" "aud 受众";
    NOT_BEFORE "nbf" "nbf 生效";
    ISSUED_AT "iat" "iat 签发";
    EXPIRES "exp" "exp 过期";
    BEFORE_ISSUE "{n} before iat" "早于 iat {n}";
    AFTER_ISSUE "{n} after iat" "晚于 iat {n}";
    SKEW "clock skew" "时钟偏差";
    SKEW_VALUE "{n} between Date and iat" "Date 与 iat 相差 {n}";
    SIGNATURE "signature" "签名";
    SIGNATURE_VALID "verifies with the certificate in the token" "可用令牌内证书验证";
    SIGNATURE_INVALID "does not verify with the certificate in the token" "用令牌内证书验证失败";
    SIGNATURE_NO_KEY "only the issuer has the key" "密钥只有签发者持有";
    SIGNATURE_UNKNOWN "of an algorithm unknown here" "算法未知";
    SIGNATURE_REDACTED "redacted" "已脱敏";
    SIGNATURE_MISSING "missing" "缺失";
    KEY "kid" "kid 密钥";
    CERTIFICATE "x5c" "x5c 证书";
    REFRESH_CAME "a refresh token came along" "同时返回了刷新令牌";
    ERROR "error" "错误";
    MANIFEST "manifest" "清单";
    SIZE "size" "大小";
    ARTIFACT "artifact" "类型";
    FETCHED "fetched" "获取";
    CHOSEN "chosen" "已选";
    IMAGE "image" "镜像";
    ATTESTATION "attestation" "构建证明";
    LAYER "layer" "层";
    MEDIA_TYPE "media type" "媒体类型";
    STATE "state" "状态";
    CONFIG "config" "配置";
    SUBJECT_OF "about" "关于";
    PROBLEM "problem" "问题";
    CREATED "created" "创建";
    USER "user" "用户";
    WORKDIR "workdir" "工作目录";
    ENTRYPOINT "entrypoint" "入口";
    CMD "cmd" "命令";
    ENV "env" "环境变量";
    HISTORY "made by" "构建指令";
    TARGET "target" "目标";
    SIGNED_BY "signed by" "签名方式";
    SIGNED_UNTIL "holds until" "有效至";
    AFTER_DATE "{n} after the answer's Date" "响应 Date 之后 {n}";
    AUTHORIZATION "Authorization" "Authorization";
    NOT_SENT "not sent along" "未随请求发送";
    SENT_ALONG "sent along ({n})" "已随请求发送（{n}）";
    CHAIN "redirects" "重定向链";
    RATE_LIMIT "rate limit" "限流";
    REMAINING "{n} left" "剩余 {n}";
    OF_LIMIT "of {n}" "上限 {n}";
    WINDOW "per {n}" "每 {n}";
    RETRY_AFTER "retry after {n}" "{n} 后重试";
    WARNING "warning" "警告";
    DIGESTS "digests" "摘要";
    REQUESTED "requested" "请求的";
    STATED "stated by the server" "服务器声明的";
    COMPUTED "computed" "计算得到的";
    TIMING "timing" "耗时";
    BLOCKED "blocked" "排队";
    DNS "dns" "dns";
    CONNECT "connect" "连接";
    TLS "tls" "tls";
    SEND "send" "发送";
    WAIT "wait" "等待";
    RECEIVE "receive" "接收";
    CONNECTION "connection" "连接";
    FROM "from" "来自";
    TO "to" "到";
    REUSED "reused" "复用";
    VERIFIED "certificate verified" "证书已验证";
    REJECTED "certificate rejected: {n}" "证书被拒：{n}";
    OVERRIDDEN "certificate accepted in spite of: {n}" "证书无效但按要求接受：{n}";
    WATERFALL "Waterfall" "瀑布图";
    SEQUENCE "Sequence" "时序图";
    SECRETS_KEPT "This page holds secrets: it was made with --keep-secrets." "本页含有机密：生成时使用了 --keep-secrets。";
    SHOW "show" "显示";
    ALL_OF_THEM "all" "全部";
    ACCESS "access" "鉴权";
    DOCUMENTS "documents" "清单与配置";
    FAILED "failed" "失败";
    LANGUAGE "language" "语言";
    ENGLISH "English" "English";
    CHINESE "中文" "中文";
    THEME "theme" "主题";
    AUTO "auto" "自动";
    LIGHT "light" "浅色";
    DARK "dark" "深色";
    TO_CONTENT "to the content" "跳到正文";
    SEARCH "search" "搜索";
    NEXT "next step" "下一步骤";
    PREVIOUS "previous step" "上一步骤";
    OPEN_ALL "open or close all" "全部展开或收起";
    TRANSCRIPT "Transcript" "原始报文";
    BYTES_EACH_WAY "{n} B sent, {m} B received" "发送 {n} B，接收 {m} B";
    PASSTHROUGH "excluded by the user" "用户排除";
    UNKNOWN_PROTOCOL "neither TLS nor HTTP" "既非 TLS 也非 HTTP";
    UPGRADED "switched protocols" "切换了协议";
    UNUSED "closed before anything could be read" "关闭前无内容";
    ALERT "the client sent the TLS alert {n}" "客户端发送 TLS 警报 {n}";
    CLOSED "the client closed after it saw our certificate" "客户端看到证书后关闭连接";
    BAD_TLS "no TLS handshake we can answer: {n}" "无法应答的 TLS 握手：{n}";
    HANDSHAKE_TIMEOUT "the client did not finish in time" "客户端超时未完成握手";
    COMPARED "Two pulls side by side" "两次拉取对照";
    SOURCE "source" "来源";
    EXCHANGE_COUNT "exchanges" "交互次数";
    DIFFERENCE "difference" "差异";
    ONLY_A "only in A" "仅 A";
    ONLY_B "only in B" "仅 B";
    METHOD "method" "方法";
    STATUS "status" "状态码";
    HOST "host" "主机";
    HOSTS "Hosts" "主机";
    WHERE_TIME_WENT "Where the time went, all exchanges together" "耗时分布（所有交互合计）";
    PHASE "phase" "阶段";
    TOOK "took" "用时";
    RECEIVED "received" "接收";
    SENT "sent" "发送";
    FINDING "finding" "诊断";
    BLOB "blob" "数据块";
    NOT_DRAWN "{n} steps after these are not drawn." "其后的 {n} 步未画出。";
    BOTH_HAVE "In both: {n}" "两者都有：{n}";
    A_HAS "only in A: {n}" "仅 A：{n}";
    B_HAS "only in B: {n}" "仅 B：{n}";
    PROTOCOLS "protocols" "协议";
    SAME_IMAGE "Both got the same image: {n}." "两者得到同一镜像：{n}。";
    OTHER_IMAGES "They asked for different things and got different images." "两者请求的内容不同，得到的镜像也不同。";
    IMAGE_UNKNOWN "Of at least one of them it is not known which image it got." "至少有一方得到的镜像未知。";
    TAG_DIFFERS "The same tag stood for different images: {n} in A, {m} in B." "同一标签对应不同镜像：A 为 {n}，B 为 {m}。";
    STALE_A "A got the older one, made {n} earlier, though the newer one was there already: the tag that A was given is stale." "A 得到的是较旧的镜像（早 {n} 构建），而当时新镜像已存在：A 得到的标签是过期的。";
    STALE_B "B got the older one, made {n} earlier, though the newer one was there already: the tag that B was given is stale." "B 得到的是较旧的镜像（早 {n} 构建），而当时新镜像已存在：B 得到的标签是过期的。";
    MOVED_A "A got the older one, made {n} earlier: the tag was moved in between." "A 得到的是较旧的镜像（早 {n} 构建）：标签在两次拉取之间被移动。";
    MOVED_B "B got the older one, made {n} earlier: the tag was moved in between." "B 得到的是较旧的镜像（早 {n} 构建）：标签在两次拉取之间被移动。";
    NO_AGE "Which of them is older does not show." "无法看出哪个更旧。";
    DISTRUSTS "the client probably does not trust the CA" "客户端可能不信任本 CA";
}

impl Label {
    /// The label with its place filled.
    pub(crate) fn with(self, lang: Lang, n: impl AsRef<str>) -> String {
        self.of(lang).replacen("{n}", n.as_ref(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_exists_in_both_languages() {
        for label in ALL {
            assert!(!label.en.is_empty() && !label.zh.is_empty(), "{label:?}");
            for place in ["{n}", "{m}"] {
                assert_eq!(
                    label.en.contains(place),
                    label.zh.contains(place),
                    "{label:?}"
                );
            }
            let is_cjk = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            let is_name = label.en == label.zh;
            assert!(is_name || label.zh.contains(is_cjk), "{label:?}");
        }
    }
}
