"""What is on the machine: accounts and files."""

import grp
import os
import pwd
import stat
import sys
from typing import NamedTuple


class File(NamedTuple):
    path: str
    uid: int
    gid: int
    mode: int


def accounts():
    """Users, groups, and memberships with each user's own group, as rows."""
    users = {u.pw_uid: u.pw_name for u in reversed(pwd.getpwall())}
    groups = {g.gr_gid: g.gr_name for g in reversed(grp.getgrall())}
    by_name = {u.pw_name: u.pw_uid for u in pwd.getpwall()}
    memberships = {(u.pw_uid, u.pw_gid) for u in pwd.getpwall()}
    for group in grp.getgrall():
        memberships |= {(by_name[m], group.gr_gid) for m in group.gr_mem if m in by_name}
    for _, gid in memberships:
        groups.setdefault(gid, str(gid))
    return users, groups, memberships


def with_strangers(users, groups, files):
    """The rows of users and groups, with those that only files know, named by number."""
    for file in files:
        users.setdefault(file.uid, str(file.uid))
        groups.setdefault(file.gid, str(file.gid))
    return ([(uid, name, uid == 0) for uid, name in sorted(users.items())], sorted(groups.items()))


def files(roots, limit):
    """Regular files and folders below the roots, and the number of names that are no UTF-8."""
    found, skipped = [], 0
    for root in roots:
        for folder, names, leaves in os.walk(root):
            names.sort()
            for path in [folder] + [os.path.join(folder, leaf) for leaf in sorted(leaves)]:
                try:
                    path.encode("utf-8")
                    entry = os.lstat(path)
                except UnicodeEncodeError:
                    skipped += 1
                    continue
                except OSError:
                    continue
                if stat.S_ISREG(entry.st_mode) or stat.S_ISDIR(entry.st_mode):
                    found.append(File(path, entry.st_uid, entry.st_gid, entry.st_mode & 0o7777))
                if len(found) % 20_000 == 0:
                    print(f"  {len(found)} files read", file=sys.stderr, flush=True)
                if len(found) >= limit:
                    return found, skipped
    return found, skipped
