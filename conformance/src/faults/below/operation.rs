//! The operations of the API, each with the state that it needs.

use std::fmt;

use reqwest::StatusCode;

/// A request that reaches the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    BeginUpload,
    AppendToUpload,
    EndUploadWithBody,
    EndUpload,
    PushInOneRequest,
    PushLargeBlob,
    MountBlob,
    CancelUpload,
    PushNewTag,
    MoveTag,
    PushByDigest,
    PushIndex,
    PushReferrer,
    DeleteTag,
    DeleteManifest,
    DeleteBlob,
    CreateStream,
    ReplaceStream,
    PullManifest,
    PullBlob,
}

impl Operation {
    pub(crate) const ALL: [Self; 20] = [
        Self::BeginUpload,
        Self::AppendToUpload,
        Self::EndUploadWithBody,
        Self::EndUpload,
        Self::PushInOneRequest,
        Self::PushLargeBlob,
        Self::MountBlob,
        Self::CancelUpload,
        Self::PushNewTag,
        Self::MoveTag,
        Self::PushByDigest,
        Self::PushIndex,
        Self::PushReferrer,
        Self::DeleteTag,
        Self::DeleteManifest,
        Self::DeleteBlob,
        Self::CreateStream,
        Self::ReplaceStream,
        Self::PullManifest,
        Self::PullBlob,
    ];

    /// What it is called in the report and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BeginUpload => "begin-upload",
            Self::AppendToUpload => "append-to-upload",
            Self::EndUploadWithBody => "end-upload-with-body",
            Self::EndUpload => "end-upload",
            Self::PushInOneRequest => "push-in-one-request",
            Self::PushLargeBlob => "push-large-blob",
            Self::MountBlob => "mount-blob",
            Self::CancelUpload => "cancel-upload",
            Self::PushNewTag => "push-new-tag",
            Self::MoveTag => "move-tag",
            Self::PushByDigest => "push-by-digest",
            Self::PushIndex => "push-index",
            Self::PushReferrer => "push-referrer",
            Self::DeleteTag => "delete-tag",
            Self::DeleteManifest => "delete-manifest",
            Self::DeleteBlob => "delete-blob",
            Self::CreateStream => "create-stream",
            Self::ReplaceStream => "replace-stream",
            Self::PullManifest => "pull-manifest",
            Self::PullBlob => "pull-blob",
        }
    }

    /// The status that says it was done.
    pub(crate) fn done(self) -> StatusCode {
        match self {
            Self::BeginUpload | Self::AppendToUpload | Self::DeleteTag | Self::DeleteManifest | Self::DeleteBlob => {
                StatusCode::ACCEPTED
            }
            Self::CancelUpload => StatusCode::NO_CONTENT,
            Self::ReplaceStream | Self::PullManifest | Self::PullBlob => StatusCode::OK,
            Self::EndUploadWithBody
            | Self::EndUpload
            | Self::PushInOneRequest
            | Self::PushLargeBlob
            | Self::MountBlob
            | Self::PushNewTag
            | Self::MoveTag
            | Self::PushByDigest
            | Self::PushIndex
            | Self::PushReferrer
            | Self::CreateStream => StatusCode::CREATED,
        }
    }

    /// Whether a client that was refused, and finds it done all the same, need not ask again.
    pub(crate) fn once(self) -> bool {
        matches!(
            self,
            Self::CancelUpload
                | Self::DeleteTag
                | Self::DeleteManifest
                | Self::DeleteBlob
                | Self::CreateStream
                | Self::ReplaceStream
        )
    }

    /// Whether it is refused in the form of the Kubernetes API.
    pub(crate) fn of_streams(self) -> bool {
        matches!(self, Self::CreateStream | Self::ReplaceStream)
    }

    pub(crate) fn pulls(self) -> bool {
        matches!(self, Self::PullManifest | Self::PullBlob)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl clap::ValueEnum for Operation {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}
