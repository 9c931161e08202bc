"""Why the kernel may answer otherwise than rowgrant, worked out without asking either of them.

Permissions of rowgrant add up: who is owner, in the group and one of all holds what any of the three
grants. Unix asks one class only, the narrowest, and looks at more than the file's own bits.
"""

import fcntl
import os
import stat
import struct

import machine

BITS = {"read": 4, "write": 2, "execute": 1}
CLASSES = (6, 3, 0)  # how far the bits of owner, group and other are shifted
# _IOR('f', 1, long) of linux/fs.h, and what it says of files that nobody may write.
FS_IOC_GETFLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1
FS_IMMUTABLE_FL = 0x10

ACCESS_LIST = "access control list: it says more than the mode bits"
WRONG = "NOT EXPLAINED: has_perm does not say what the mode bits grant"
UNEXPLAINED = "NOT EXPLAINED: nothing known to the demo"
FAULTS = (WRONG, UNEXPLAINED)


def is_folder(file):
    return stat.S_ISDIR(file.mode)


def above(path):
    """The folders above, nearest first."""
    while path != "/":
        path = os.path.dirname(path)
        yield path


def classes(file, uid, gids):
    """The classes of the mode bits in which the user is, narrowest first."""
    held = (file.uid == uid, file.gid in gids, True)
    return [shift for shift, holds in zip(CLASSES, held) if holds]


def added_up(file, uid, gids, perm):
    """What rowgrant must say: what any class grants, and everything to root."""
    return uid == 0 or any(file.mode >> shift & BITS[perm] for shift in classes(file, uid, gids))


def narrowest(file, uid, gids, perm):
    """What Unix makes of the bits: the narrowest class decides, and root needs none."""
    return uid == 0 or bool(file.mode >> classes(file, uid, gids)[0] & BITS[perm])


def explain(file, uid, gids, perm, ours, kernel):
    """The reason for the kernel's answer, or one of FAULTS; None where both are right to agree."""
    if ours != added_up(file, uid, gids, perm):
        # Also where the kernel happens to agree, and where the file has changed since: the grants
        # are of the bits that were read.
        return WRONG
    if ours == kernel:
        return None
    if machine.look_at(file.path) != file:
        return "changed since it was read"
    if has_list(file.path):
        return ACCESS_LIST
    if kernel:
        return UNEXPLAINED
    if not narrowest(file, uid, gids, perm):
        return "mode bits: a class denies what a wider one grants"
    if any(not enters(folder, uid, gids) for folder in above(file.path)):
        return "directory above: one cannot be entered"
    reason = refusal_for_all(file, uid, perm)
    if reason is None and any(has_list(folder) for folder in above(file.path)):
        return ACCESS_LIST
    return reason or UNEXPLAINED


def refusal_for_all(file, uid, perm):
    """Why even somebody whom the bits allow may be refused."""
    mounted = os.statvfs(file.path).f_flag
    if perm == "write" and mounted & os.ST_RDONLY:
        return "read-only file system"
    if perm == "write" and is_immutable(file.path):
        return "immutable file"
    if perm == "execute" and not is_folder(file):
        if uid == 0 and not file.mode & 0o111:
            return "no execute bit at all: not even root may execute"
        if mounted & os.ST_NOEXEC:
            return "file system without execution"
    return None


def enters(folder, uid, gids):
    """Whether the user gets through a folder."""
    entry = machine.look_at(folder)
    return entry is not None and narrowest(entry, uid, gids, "execute")


def has_list(path):
    """Whether an access control list says more than the mode bits."""
    try:
        return "system.posix_acl_access" in os.listxattr(path, follow_symlinks=False)
    except OSError:
        return False


def is_immutable(path):
    try:
        # Not blocking, and by root, who is not refused.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        flags = fcntl.ioctl(handle, FS_IOC_GETFLAGS, struct.pack("l", 0))
        return bool(struct.unpack_from("i", flags)[0] & FS_IMMUTABLE_FL)
    except OSError:
        return False
    finally:
        os.close(handle)
