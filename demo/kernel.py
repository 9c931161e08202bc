"""The kernel's own access check, and why it may differ from the mode bits taken as grants."""

import errno
import os
import pickle
import stat
from typing import NamedTuple

import machine

PERMS = {"read": os.R_OK, "write": os.W_OK, "execute": os.X_OK}
BITS = {"read": 4, "write": 2, "execute": 1}
UNEXPLAINED = "not explained"


class Pair(NamedTuple):
    uid: int
    file: machine.File
    perm: str


class Answer(NamedTuple):
    allowed: bool
    error: int


def available():
    """Whether we may become other users."""
    return os.geteuid() == 0


def pairs(files, uids, count, rng):
    """Random pairs of user and file: a sixth with the file's owner, as most files are the
    superuser's and most pairs would otherwise be of users with nothing but what all have."""
    uids = [int(uid) for uid in uids]
    unusual = [f for f in files if f.uid != 0 or f.gid != 0 or f.mode & 0o007 != 0o005] or files
    chosen = []
    for n in range(count):
        file = rng.choice(unusual if n % 2 else files)
        uid = file.uid if n % 6 == 0 else rng.choice(uids)
        chosen.append(Pair(uid, file, rng.choice(list(PERMS))))
    return chosen


def groups_of(uid, memberships):
    return sorted(gid for member, gid in memberships if member == uid)


def ask(all_pairs, memberships):
    """What access(2) answers, asked by a child that has become each user in turn."""
    answers = [None] * len(all_pairs)
    by_user = {}
    for n, pair in enumerate(all_pairs):
        by_user.setdefault(pair.uid, []).append(n)
    for uid, numbers in by_user.items():
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            with os.fdopen(writer, "wb") as out:
                pickle.dump(ask_as(uid, [all_pairs[n] for n in numbers], memberships), out)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as results:
            for n, answer in zip(numbers, pickle.load(results)):
                answers[n] = answer
        os.waitpid(child, 0)
    return answers


def ask_as(uid, asked, memberships):
    gids = groups_of(uid, memberships)
    primary = gids[0] if gids else 65534
    os.setgroups(gids)
    os.setresgid(primary, primary, primary)
    os.setresuid(uid, uid, uid)
    return [Answer(*check(pair)) for pair in asked]


def check(pair):
    allowed = os.access(pair.file.path, PERMS[pair.perm])
    if allowed:
        return True, 0
    try:
        os.stat(pair.file.path)
        return False, errno.EACCES
    except OSError as error:
        return False, error.errno


def explain(pair, ours, answer, memberships):
    """Why the kernel answers otherwise, worked out from the mode bits alone."""
    file, bit = pair.file, BITS[pair.perm]
    if not os.path.lexists(file.path):
        return "it has been removed meanwhile"
    if pair.uid == 0:
        if pair.perm == "execute" and not file.mode & 0o111 and stat.S_ISREG(os.lstat(file.path).st_mode):
            return "a file without any execute bit is executable to nobody, root included"
        if os.statvfs(file.path).f_flag & os.ST_RDONLY:
            return "a read-only file system"
        return UNEXPLAINED
    gids = groups_of(pair.uid, memberships)
    if file.uid == pair.uid:
        granted = file.mode >> 6 & bit
    elif file.gid in gids:
        granted = file.mode >> 3 & bit
    else:
        granted = file.mode & bit
    if ours and not answer.allowed:
        if not granted:
            return "a class of the mode bits denies what a wider one grants"
        if blocked_above(pair, gids):
            return "a folder above cannot be entered"
        if os.statvfs(file.path).f_flag & (os.ST_RDONLY | getattr(os, "ST_NOEXEC", 0)):
            return "a read-only or no-exec file system"
    if os.path.exists(file.path) and "system.posix_acl_access" in os.listxattr(file.path):
        return "an access control list"
    return UNEXPLAINED


def blocked_above(pair, gids):
    """Whether some folder above denies this user to pass."""
    folder = os.path.dirname(pair.file.path)
    while True:
        entry = os.stat(folder)
        if entry.st_uid == pair.uid:
            passes = entry.st_mode >> 6 & 1
        elif entry.st_gid in gids:
            passes = entry.st_mode >> 3 & 1
        else:
            passes = entry.st_mode & 1
        if not passes:
            return True
        if folder == "/":
            return False
        folder = os.path.dirname(folder)
