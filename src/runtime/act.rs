//! What a host function does that authority and evidence follow, by the row's name, found once.

use crate::abi::Function;

/// What a call does to descriptors, files and streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing that is followed.
    Other,
    /// Counts the arguments.
    CountArguments,
    /// Delivers the arguments.
    Arguments,
    /// Counts the environment variables.
    CountEnvironment,
    /// Delivers the environment variables.
    Environment,
    /// Says whether a descriptor is a preopened directory, and how long its name is.
    Prestat,
    /// Delivers a preopened directory's name.
    PrestatName,
    /// Reads where the descriptor stands.
    Read,
    /// Reads at an offset.
    ReadAt,
    /// Writes where the descriptor stands.
    Write,
    /// Writes at an offset.
    WriteAt,
    /// Moves the descriptor's position.
    Seek,
    /// Tells the descriptor's position.
    Tell,
    /// Sets the descriptor's flags.
    SetFlags,
    /// Sets a file's size.
    SetSize,
    /// Says what a descriptor stands for.
    Describe,
    /// Closes a descriptor.
    Close,
    /// Gives a descriptor another number.
    Renumber,
    /// Opens a path.
    Open,
    /// Removes a path.
    Remove,
    /// Renames a path.
    Rename,
    /// Makes a link that leads somewhere.
    Symlink,
    /// Makes a directory, or another name of a file.
    Name,
    /// Prints a line on standard error.
    Trace,
    /// Gives the length of the input.
    InputLength,
    /// Delivers a part of the input.
    Input,
    /// Delivers the input's digest.
    InputDigest,
    /// Sets the output.
    Output,
    /// Delivers a whole file.
    ReadFile,
    /// Lists a directory and all below it.
    ReadTree,
    /// Replaces a whole file.
    WriteFile,
    /// Fetches a URL.
    Fetch,
}

impl Act {
    /// What `row` does.
    pub(super) fn of(row: &Function) -> Self {
        match (row.module, row.name) {
            ("env", "trace") => Self::Trace,
            ("provenact", name) => match name {
                "input_len" => Self::InputLength,
                "input_read" => Self::Input,
                "sha256_input_hex" => Self::InputDigest,
                "output_write" => Self::Output,
                "fs_read_file" => Self::ReadFile,
                "fs_read_tree" => Self::ReadTree,
                "fs_write_file" => Self::WriteFile,
                "http_fetch" => Self::Fetch,
                _ => Self::Other,
            },
            ("wasi_snapshot_preview1", name) => match name {
                "args_sizes_get" => Self::CountArguments,
                "args_get" => Self::Arguments,
                "environ_sizes_get" => Self::CountEnvironment,
                "environ_get" => Self::Environment,
                "fd_prestat_get" => Self::Prestat,
                "fd_prestat_dir_name" => Self::PrestatName,
                "fd_read" => Self::Read,
                "fd_pread" => Self::ReadAt,
                "fd_write" => Self::Write,
                "fd_pwrite" => Self::WriteAt,
                "fd_seek" => Self::Seek,
                "fd_tell" => Self::Tell,
                "fd_fdstat_set_flags" => Self::SetFlags,
                "fd_filestat_set_size" => Self::SetSize,
                "fd_fdstat_get" | "fd_filestat_get" => Self::Describe,
                "fd_close" => Self::Close,
                "fd_renumber" => Self::Renumber,
                "path_open" => Self::Open,
                "path_unlink_file" | "path_remove_directory" => Self::Remove,
                "path_rename" => Self::Rename,
                "path_symlink" => Self::Symlink,
                "path_create_directory" | "path_link" => Self::Name,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}
