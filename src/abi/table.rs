//! The rows. One macro holds them; every user of the table is an expansion of it.

use super::{Fails, Function, Gives, Length::*, Need::*, Param, Role, Show, Used, ValType, names};

/// Calls `$then!` with every row.
///
/// A row reads `kind name(parameter: type = role, …) -> gives [fails when], need;`. The kind says who answers:
/// `wasi` and `wasi_async` are wasmtime-wasi's generated function of that name, `seam` is decided
/// by the seam itself and never reaches a host, `own` is implemented in `runtime/own.rs`, `skill` in
/// `runtime/skill.rs`. What fails otherwise than when the world says no says `fails`.
/// Sources: `wasi_snapshot_preview1.witx` (WASI preview 1); AssemblyScript's runtime imports;
/// `spec/interface.md`.
macro_rules! for_each_host_function {
    ($then:ident) => {
        $then! {
            "wasi_snapshot_preview1" {
                wasi args_get(argv: i32 = OUT(ArgPointers, All, Hidden), argv_buf: i32 = OUT(ArgBytes, All, Bytes)) -> Errno fails Never, Nothing;
                wasi args_sizes_get(argc: i32 = OUT(Fixed(4), All, Integer), size: i32 = OUT(Fixed(4), All, Integer)) -> Errno fails Never, Nothing;
                wasi environ_get(environ: i32 = OUT(EnvPointers, All, Hidden), environ_buf: i32 = OUT(EnvBytes, All, Bytes)) -> Errno fails Never, Nothing;
                wasi environ_sizes_get(count: i32 = OUT(Fixed(4), All, Integer), size: i32 = OUT(Fixed(4), All, Integer)) -> Errno fails Never, Nothing;
                wasi clock_res_get(id: i32 = VAL(Clock), resolution: i32 = OUT(Fixed(8), All, Nanos)) -> Errno fails ByClock, Time;
                wasi clock_time_get(id: i32 = VAL(Clock), precision: i64 = VAL(Nanos), time: i32 = OUT(Fixed(8), All, Instant)) -> Errno fails ByClock, Time;
                wasi_async fd_advise(fd: i32 = FD, offset: i64 = VAL(Number), len: i64 = VAL(Number), advice: i32 = VAL(Advice)) -> Errno, Nothing;
                wasi fd_allocate(fd: i32 = FD, offset: i64 = VAL(Number), len: i64 = VAL(Number)) -> Errno fails Always, WriteFd;
                wasi_async fd_close(fd: i32 = FD) -> Errno, Nothing;
                wasi_async fd_datasync(fd: i32 = FD) -> Errno, Nothing;
                wasi_async fd_fdstat_get(fd: i32 = FD, stat: i32 = OUT(Fixed(24), All, Hidden)) -> Errno, Nothing;
                wasi fd_fdstat_set_flags(fd: i32 = FD, flags: i32 = FLAGS(FD_FLAGS)) -> Errno, Nothing;
                wasi fd_fdstat_set_rights(fd: i32 = FD, rights_base: i64 = FLAGS(RIGHTS), rights_inheriting: i64 = FLAGS(RIGHTS)) -> Errno fails Always, Nothing;
                wasi_async fd_filestat_get(fd: i32 = FD, stat: i32 = OUT(Fixed(64), All, Hidden)) -> Errno, Nothing;
                wasi_async fd_filestat_set_size(fd: i32 = FD, size: i64 = VAL(Number)) -> Errno, WriteFd;
                wasi_async fd_filestat_set_times(fd: i32 = FD, atim: i64 = VAL(Nanos), mtim: i64 = VAL(Nanos), fst_flags: i32 = FLAGS(TIMES)) -> Errno, WriteFd;
                wasi_async fd_pread(fd: i32 = FD, iovs: i32 = OUTVEC(2, 4), iovs_len: i32 = SIZE, offset: i64 = VAL(Number), nread: i32 = OUT(Fixed(4), All, Integer)) -> Errno, ReadFd;
                wasi fd_prestat_get(fd: i32 = FD, prestat: i32 = OUT(Fixed(8), All, Hidden)) -> Errno, Nothing;
                wasi fd_prestat_dir_name(fd: i32 = FD, path: i32 = OUT(Param(2), All, Bytes), path_len: i32 = SIZE) -> Errno, Nothing;
                wasi_async fd_pwrite(fd: i32 = FD, iovs: i32 = INVEC(2), iovs_len: i32 = SIZE, offset: i64 = VAL(Number), nwritten: i32 = OUT(Fixed(4), All, Integer)) -> Errno, WriteFd;
                wasi_async fd_read(fd: i32 = FD, iovs: i32 = OUTVEC(2, 3), iovs_len: i32 = SIZE, nread: i32 = OUT(Fixed(4), All, Integer)) -> Errno, ReadFd;
                wasi_async fd_readdir(fd: i32 = FD, buf: i32 = OUT(Param(2), CountAt(4, 1), Hidden), buf_len: i32 = SIZE, cookie: i64 = VAL(Number), bufused: i32 = OUT(Fixed(4), All, Integer)) -> Errno, ReadFd;
                wasi_async fd_renumber(fd: i32 = FD, to: i32 = FD) -> Errno, Nothing;
                wasi_async fd_seek(fd: i32 = FD, offset: i64 = VAL(Signed), whence: i32 = VAL(Whence), newoffset: i32 = OUT(Fixed(8), All, Integer)) -> Errno, Nothing;
                wasi_async fd_sync(fd: i32 = FD) -> Errno, Nothing;
                wasi fd_tell(fd: i32 = FD, offset: i32 = OUT(Fixed(8), All, Integer)) -> Errno, Nothing;
                wasi_async fd_write(fd: i32 = FD, iovs: i32 = INVEC(2), iovs_len: i32 = SIZE, nwritten: i32 = OUT(Fixed(4), All, Integer)) -> Errno, WriteFd;
                wasi_async path_create_directory(fd: i32 = FD, path: i32 = IN(Param(2), Bytes), path_len: i32 = SIZE) -> Errno, WritePath(0, 0);
                wasi_async path_filestat_get(fd: i32 = FD, flags: i32 = FLAGS(LOOKUP), path: i32 = IN(Param(3), Bytes), path_len: i32 = SIZE, stat: i32 = OUT(Fixed(64), All, Hidden)) -> Errno, ReadPath(0, 0);
                wasi_async path_filestat_set_times(fd: i32 = FD, flags: i32 = FLAGS(LOOKUP), path: i32 = IN(Param(3), Bytes), path_len: i32 = SIZE, atim: i64 = VAL(Nanos), mtim: i64 = VAL(Nanos), fst_flags: i32 = FLAGS(TIMES)) -> Errno, WritePath(0, 0);
                wasi_async path_link(old_fd: i32 = FD, old_flags: i32 = FLAGS(LOOKUP), old_path: i32 = IN(Param(3), Bytes), old_path_len: i32 = SIZE, new_fd: i32 = FD, new_path: i32 = IN(Param(6), Bytes), new_path_len: i32 = SIZE) -> Errno, WritePaths(0, 4);
                wasi_async path_open(fd: i32 = FD, dirflags: i32 = FLAGS(LOOKUP), path: i32 = IN(Param(3), Bytes), path_len: i32 = SIZE, oflags: i32 = FLAGS(OPEN), rights_base: i64 = FLAGS(RIGHTS), rights_inheriting: i64 = FLAGS(RIGHTS), fdflags: i32 = FLAGS(FD_FLAGS), opened_fd: i32 = OUT(Fixed(4), All, Integer)) -> Errno, Open;
                wasi_async path_readlink(fd: i32 = FD, path: i32 = IN(Param(2), Bytes), path_len: i32 = SIZE, buf: i32 = OUT(Param(4), CountAt(5, 1), Bytes), buf_len: i32 = SIZE, bufused: i32 = OUT(Fixed(4), All, Integer)) -> Errno, ReadPath(0, 0);
                wasi_async path_remove_directory(fd: i32 = FD, path: i32 = IN(Param(2), Bytes), path_len: i32 = SIZE) -> Errno, WritePath(0, 0);
                wasi_async path_rename(fd: i32 = FD, old_path: i32 = IN(Param(2), Bytes), old_path_len: i32 = SIZE, new_fd: i32 = FD, new_path: i32 = IN(Param(5), Bytes), new_path_len: i32 = SIZE) -> Errno, WritePaths(0, 3);
                wasi_async path_symlink(old_path: i32 = IN(Param(1), Bytes), old_path_len: i32 = SIZE, fd: i32 = FD, new_path: i32 = IN(Param(4), Bytes), new_path_len: i32 = SIZE) -> Errno, WriteLink(2, 1);
                wasi_async path_unlink_file(fd: i32 = FD, path: i32 = IN(Param(2), Bytes), path_len: i32 = SIZE) -> Errno, WritePath(0, 0);
                wasi_async poll_oneoff(subscriptions: i32 = IN(Records(2, 48), Hidden), events: i32 = OUT(Records(2, 32), CountAt(3, 32), Hidden), nsubscriptions: i32 = SIZE, nevents: i32 = OUT(Fixed(4), All, Integer)) -> Errno, Poll;
                seam proc_exit(status: i32 = VAL(Number)) -> Never, Nothing;
                wasi proc_raise(signal: i32 = VAL(Signal)) -> Errno fails Always, Nothing;
                wasi random_get(buf: i32 = OUT(Param(1), All, Hidden), buf_len: i32 = SIZE) -> Errno fails Never, Random;
                wasi sched_yield() -> Errno fails Never, Nothing;
                wasi sock_accept(fd: i32 = FD, flags: i32 = FLAGS(FD_FLAGS), opened_fd: i32 = OUT(Fixed(4), All, Integer)) -> Errno, Sockets;
                wasi sock_recv(fd: i32 = FD, ri_data: i32 = OUTVEC(2, 4), ri_data_len: i32 = SIZE, ri_flags: i32 = FLAGS(RECEIVE), nread: i32 = OUT(Fixed(4), All, Integer), ro_flags: i32 = OUT(Fixed(2), All, Hidden)) -> Errno, Sockets;
                wasi sock_send(fd: i32 = FD, si_data: i32 = INVEC(2), si_data_len: i32 = SIZE, si_flags: i32 = FLAGS(NONE), nwritten: i32 = OUT(Fixed(4), All, Integer)) -> Errno, Sockets;
                wasi sock_shutdown(fd: i32 = FD, how: i32 = FLAGS(SHUTDOWN)) -> Errno, Sockets;
            }
            "env" {
                seam abort(message: i32 = IN(AsString, Utf16), file: i32 = IN(AsString, Utf16), line: i32 = VAL(Number), column: i32 = VAL(Number)) -> Never, Nothing;
                own seed() -> Bits64, Random;
                own trace(message: i32 = IN(AsString, Utf16), n: i32 = VAL(Number), a0: f64 = VAL(Float), a1: f64 = VAL(Float), a2: f64 = VAL(Float), a3: f64 = VAL(Float), a4: f64 = VAL(Float)) -> Nothing, Nothing;
            }
            "provenact" {
                skill input_len() -> Count, Nothing;
                skill input_read(ptr: i32 = OUT(Param(2), Result, Bytes), offset: i32 = VAL(Number), len: i32 = SIZE) -> Count, Nothing;
                skill output_write(ptr: i32 = IN(Param(1), Bytes), len: i32 = SIZE) -> Count, Nothing;
                skill time_now_unix() -> Seconds, Realtime;
                skill random_fill(ptr: i32 = OUT(Param(1), Result, Hidden), len: i32 = SIZE) -> Count, Random;
                skill sha256_input_hex(ptr: i32 = OUT(Param(1), Result, Bytes), len: i32 = SIZE) -> Count, Nothing;
                skill fs_read_file(path: i32 = IN(Param(1), Bytes), path_len: i32 = SIZE, out: i32 = OUT(Param(3), Result, Bytes), out_len: i32 = SIZE) -> Count, ReadFile;
                skill fs_read_tree(root: i32 = IN(Param(1), Bytes), root_len: i32 = SIZE, out: i32 = OUT(Param(3), Result, Bytes), out_len: i32 = SIZE) -> Count, ReadFile;
                skill fs_write_file(path: i32 = IN(Param(1), Bytes), path_len: i32 = SIZE, data: i32 = IN(Param(3), Bytes), data_len: i32 = SIZE) -> Count, WriteFile;
                skill http_fetch(url: i32 = IN(Param(1), Bytes), url_len: i32 = SIZE, out: i32 = OUT(Param(3), Result, Bytes), out_len: i32 = SIZE) -> Count, Fetch;
                skill kv_put(key: i32 = IN(Param(1), Bytes), key_len: i32 = SIZE, value: i32 = IN(Param(3), Bytes), value_len: i32 = SIZE) -> Count, Unsupported("kv.write");
                skill kv_get(key: i32 = IN(Param(1), Bytes), key_len: i32 = SIZE, out: i32 = OUT(Param(3), Result, Bytes), out_len: i32 = SIZE) -> Count, Unsupported("kv.read");
                skill queue_publish(topic: i32 = IN(Param(1), Bytes), topic_len: i32 = SIZE, message: i32 = IN(Param(3), Bytes), message_len: i32 = SIZE) -> Count, Unsupported("queue.publish");
                skill queue_consume(topic: i32 = IN(Param(1), Bytes), topic_len: i32 = SIZE, out: i32 = OUT(Param(3), Result, Bytes), out_len: i32 = SIZE) -> Count, Unsupported("queue.consume");
            }
        }
    };
}
pub(crate) use for_each_host_function;

macro_rules! ty {
    (i32) => {
        ValType::I32
    };
    (i64) => {
        ValType::I64
    };
    (f64) => {
        ValType::F64
    };
}

macro_rules! role {
    (FD) => {
        Role::Fd
    };
    (SIZE) => {
        Role::Size
    };
    (VAL($show:ident)) => {
        Role::Value(Show::$show)
    };
    (FLAGS($names:ident)) => {
        Role::Value(Show::Flags(&names::$names))
    };
    (IN($length:expr, $show:ident)) => {
        Role::Reads($length, Show::$show)
    };
    (OUT($length:expr, All, $show:ident)) => {
        Role::Writes($length, Used::All, Show::$show)
    };
    (OUT($length:expr, Result, $show:ident)) => {
        Role::Writes($length, Used::Result, Show::$show)
    };
    (OUT($length:expr, CountAt($at:expr, $unit:expr), $show:ident)) => {
        Role::Writes($length, Used::CountAt($at, $unit), Show::$show)
    };
    (INVEC($count:expr)) => {
        Role::ReadsVec($count)
    };
    (OUTVEC($count:expr, $at:expr)) => {
        Role::WritesVec($count, $at)
    };
}

macro_rules! fails {
    () => {
        Fails::Perhaps
    };
    ($fails:ident) => {
        Fails::$fails
    };
}

macro_rules! rows {
    ($($module:literal { $(
        $kind:ident $name:ident($($param:ident: $ty:ident = $role:ident $(($($of:tt)*))?),*) -> $gives:ident $(fails $fails:ident)?, $need:expr;
    )* })*) => {
        /// Every host function that a module may import.
        pub static FUNCTIONS: &[Function] = &[$($(
            Function {
                module: $module,
                name: stringify!($name),
                params: &[$(Param {
                    name: stringify!($param),
                    ty: ty!($ty),
                    role: role!($role $(($($of)*))?),
                }),*],
                gives: Gives::$gives,
                fails: fails!($($fails)?),
                need: $need,
            },
        )*)*];
    };
}
for_each_host_function!(rows);
