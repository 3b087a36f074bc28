//! The `rhelm` command.

/// A render makes and drops hundreds of thousands of small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    rhelm::cli::main(std::env::args_os())
}
