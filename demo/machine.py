"""What is on the machine: accounts and files."""

import grp
import os
import pwd
import stat
import sys
from typing import NamedTuple

# A B-tree entry holds 2,704 bytes, and the path is the primary key.
LONGEST_PATH = 2_500


class File(NamedTuple):
    path: str
    uid: int
    gid: int
    mode: int  # st_mode: permission bits and kind


def accounts():
    """Users and groups by id, and memberships with each user's own group, as pairs of ids."""
    passwd, group = pwd.getpwall(), grp.getgrall()
    # Where several names share an id, the first counts, as it does for the system.
    users = {user.pw_uid: user.pw_name for user in reversed(passwd)}
    groups = {entry.gr_gid: entry.gr_name for entry in reversed(group)}
    ids = {user.pw_name: user.pw_uid for user in reversed(passwd)}
    memberships = {(user.pw_uid, user.pw_gid) for user in passwd}
    memberships |= {(ids[name], entry.gr_gid) for entry in group for name in entry.gr_mem if name in ids}
    for _, gid in memberships:
        groups.setdefault(gid, str(gid))
    return users, groups, memberships


def add_strangers(users, groups, files):
    """Adds the owners and groups that only files know, named by their number."""
    for file in files:
        users.setdefault(file.uid, str(file.uid))
        groups.setdefault(file.gid, str(file.gid))


def look_at(path):
    """The file as it is now; None where it is gone or is neither a regular file nor a folder."""
    try:
        entry = os.lstat(path)
    except OSError:
        return None
    if not (stat.S_ISREG(entry.st_mode) or stat.S_ISDIR(entry.st_mode)):
        return None
    return File(path, entry.st_uid, entry.st_gid, entry.st_mode)


def files(roots, limit):
    """Regular files and folders below the roots, and how many names no text column can hold."""
    found, skipped = {}, set()
    for root in roots:
        # The real path, so that the folders above it are those that the kernel walks through.
        for folder, names, leaves in os.walk(os.path.realpath(root)):
            names.sort()
            for path in [folder] + [os.path.join(folder, leaf) for leaf in sorted(leaves)]:
                if path in found:
                    continue
                if not storable(path):
                    skipped.add(path)
                    continue
                file = look_at(path)
                if file is None:
                    continue
                if len(found) >= limit:
                    return list(found.values()), len(skipped)
                found[path] = file
                if len(found) % 20_000 == 0:
                    print(f"  {len(found)} files read", file=sys.stderr, flush=True)
    return list(found.values()), len(skipped)


def storable(path):
    """Whether the name is UTF-8 and fits an index."""
    try:
        return len(path.encode("utf-8")) <= LONGEST_PATH
    except UnicodeEncodeError:
        return False
