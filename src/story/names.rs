//! The names of kinds, parts, purposes and states, for people.

use crate::findings::Severity;
use crate::pulls::{BlobState, Part, Purpose, State, Why};
use crate::registry::Kind;
use crate::words::Lang;
use crate::words::{Text, text};

macro_rules! names {
    ($type:ident, $list:ident: $($variant:ident $en:literal $zh:literal,)*) => {
        impl $type {
            /// Its name for people.
            pub fn name(self, lang: Lang) -> &'static str {
                match self {
                    $(Self::$variant => text($en, $zh),)*
                }
                .of(lang)
            }
        }

        #[cfg(test)]
        const $list: &[Text] = &[$(text($en, $zh),)*];
    };
}

names! { Kind, KINDS:
    Ping "ping" "探测",
    Challenge "challenge" "质询",
    Token "token" "令牌",
    Resolve "resolve" "解析标签",
    Index "index" "清单列表",
    Manifest "manifest" "清单",
    Config "config" "镜像配置",
    Layer "layer" "镜像层",
    Blob "blob" "数据块",
    Exists "exists" "存在检查",
    Redirect "redirect" "重定向",
    Cdn "CDN download" "CDN 下载",
    Upload "upload" "上传",
    Publish "publish" "写入清单",
    Delete "delete" "删除",
    Tags "tags" "标签列表",
    Referrers "referrers" "引用列表",
    Catalog "catalog" "仓库目录",
    Error "error" "错误",
    Other "other" "其他",
}

names! { BlobState, BLOB_STATES:
    Queued "queued" "排队中",
    Downloading "downloading" "下载中",
    Verified "verified" "已校验",
    Whole "whole, not verified" "已完整，未校验",
    Mismatch "digest mismatch" "摘要不符",
    Failed "failed" "失败",
    AlreadyPresent "already present: never requested" "本地已有，无需下载",
    Unasked "never requested" "未请求",
    Inline "inline in the manifest" "内嵌于清单",
    Foreign "fetched from elsewhere (urls)" "外部地址（urls）",
    Pushed "pushed" "已上传",
    Mounted "already at the registry" "仓库已有",
}

names! { Purpose, PURPOSES:
    Pull "pull" "拉取",
    Push "push" "推送",
    Inspect "inspect" "查看",
    List "list" "列表",
    Delete "delete" "删除",
}

names! { State, STATES:
    UnderWay "under way" "进行中",
    Complete "complete" "完成",
    Failed "failed" "失败",
}

names! { Severity, SEVERITIES:
    Info "info" "提示",
    Warning "warning" "警告",
    Error "error" "错误",
}

names! { Why, CAUSES:
    Challenge "because of the 401" "因 401 质询",
    Token "with the token" "凭取得的令牌",
    Ping "after the ping" "探测之后",
    Redirect "by Location" "按 Location 重定向",
    Resolve "by the digest from HEAD" "按 HEAD 得到的摘要",
    Index "named by the index" "由清单列表指定",
    Manifest "named by the manifest" "由清单指定",
    Retry "as a retry" "重试",
    Page "as the next page" "下一页",
    Upload "by the upload's Location" "按上传的 Location",
}

const INDEX: Text = text("the index", "清单列表");
const MANIFEST: Text = text("the manifest", "清单");
const CONFIG: Text = text("the configuration", "镜像配置");
const LAYER: Text = text(
    "layer {number} of {count}",
    "第 {number} 层（共 {count} 层）",
);
/// What a blob is called of which nobody says what it is.
pub(super) const BLOB: Text = text("the blob", "数据块");

impl Part {
    /// Its name for people: `layer 2 of 7`.
    pub fn name(self, lang: Lang) -> String {
        match self {
            Self::Index => INDEX.of(lang).to_owned(),
            Self::Manifest => MANIFEST.of(lang).to_owned(),
            Self::Config => CONFIG.of(lang).to_owned(),
            Self::Layer { number, count } => {
                let facts = [("number", number.to_string()), ("count", count.to_string())];
                LAYER.fill(lang, &facts)
            }
        }
    }
}

/// Every name.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = Text> {
    let lists = [
        KINDS,
        BLOB_STATES,
        PURPOSES,
        STATES,
        SEVERITIES,
        CAUSES,
        &[INDEX, MANIFEST, CONFIG, LAYER, BLOB],
    ];
    lists.into_iter().flatten().copied()
}
