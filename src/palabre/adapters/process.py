"""What the kernel and the interpreter know of this process."""

import asyncio
import os
import resource
from pathlib import Path

_SELF = Path("/proc/self")


def process_counters() -> dict[str, float]:
    """Memory, descriptors, threads, CPU time and asyncio tasks, under the names Prometheus' own clients use."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    pages = int((_SELF / "statm").read_text().split()[1])
    return {
        "process_resident_memory_bytes": pages * resource.getpagesize(),
        # The folder is open itself while it is read.
        "process_open_fds": len(os.listdir(_SELF / "fd")) - 1,
        "process_threads": len(os.listdir(_SELF / "task")),
        "process_cpu_seconds_total": spent.ru_utime + spent.ru_stime,
        "palabre_tasks": len(asyncio.all_tasks()),
    }
