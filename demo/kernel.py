"""The kernel's own access check, asked as each user in turn."""

import os
import pickle
import random
import sys
from typing import NamedTuple

import machine
import reasons

MODES = {"read": os.R_OK, "write": os.W_OK, "execute": os.X_OK}
# The group of a process whose user has none: the largest that is not "no change" to setresgid.
NO_GROUP = 2**32 - 2


class Pair(NamedTuple):
    uid: int
    file: machine.File


def may_ask():
    """Whether this process may become other users."""
    return os.geteuid() == 0


def choose(files, uids, members, count, seed):
    """Distinct random pairs of user and file, fewer than count only where there are few.

    On most machines nearly all files are root's with usual bits, on which nearly all users have the
    same. So only a third of the pairs is plain chance. For the others each combination of owner,
    group, bits and way closed above is as likely as any other, and for half of those the user is the
    owner or in the group.
    """
    rng = random.Random(seed)
    closed = {f.path for f in files if f.mode & 0o111 != 0o111 and reasons.is_folder(f)}
    kinds = {}
    for file in files:
        shut = next((folder for folder in reasons.above(file.path) if folder in closed), None)
        kinds.setdefault((file.uid, file.gid, file.mode, shut), []).append(file)
    kinds = list(kinds.values())
    chosen = {}
    for n in range(20 * count):
        file = rng.choice(files if n % 3 == 0 else rng.choice(kinds))
        near = [file.uid] + members.get(file.gid, [])
        chosen[Pair(rng.choice(near if n % 3 == 1 else uids), file)] = None
        if len(chosen) == count:
            break
    return list(chosen)


def ask(pairs, groups):
    """(pair, permission, allowed) for each pair and permission, and the users nobody can become."""
    answers, failed = [], []
    by_user = {}
    for pair in pairs:
        by_user.setdefault(pair.uid, []).append(pair)
    for uid, asked in sorted(by_user.items()):
        allowed = ask_as(uid, groups.get(uid, ()), [pair.file.path for pair in asked])
        if allowed is None:
            failed.append(uid)
            continue
        every = [(pair, perm) for pair in asked for perm in MODES]
        answers += [(pair, perm, answer) for (pair, perm), answer in zip(every, allowed)]
    return answers, failed


def ask_as(uid, gids, paths):
    """What a child that became the user is told, by path and permission; None where it failed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, the child must not go on as a second demo.
        status = 1
        try:
            os.close(reader)
            become(uid, gids)
            # Without effective_ids, as real and effective ids are the same now: AT_EACCESS is worked
            # out from the mode bits, the kernel not asked, by older C libraries.
            allowed = [os.access(path, mode) for path in paths for mode in MODES.values()]
            with os.fdopen(writer, "wb") as out:
                pickle.dump(allowed, out)
            status = 0
        except OSError as error:
            print(f"  as user {uid}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as results:
        written = results.read()
    _, status = os.waitpid(child, 0)
    return pickle.loads(written) if status == 0 else None


def become(uid, gids):
    """Gives this process the ids of a user, for good."""
    gid = min(gids, default=NO_GROUP)
    os.setgroups(sorted(gids))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
