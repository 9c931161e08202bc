import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { asUser, prisma } from './database.js';
import { Prisma } from './generated/client.js';

type Client = Prisma.TransactionClient;

const key = (n: number) => `Key "${n}"/ä`;
const keys = (...numbers: number[]) => numbers.map(key);
const range = (first: number, last: number) => keys(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
const [alice, bob, carol, root, noOne] = keys(1, 2, 3, 4, 99);

const check = async (name: string, work: () => Promise<unknown>) => {
    try {
        await work();
        console.log(`ok ${name}`);
    } catch (error) {
        console.log(`not ok ${name}: ${String(error).replace(/\s+/g, ' ')}`);
        process.exitCode = 1;
    }
};

// As asUser, but rolled back at the end.
const trying = async (id: string, work: (tx: Client) => Promise<unknown>) => {
    const undo = new Error('rolled back');
    const transaction = asUser(id, async (tx) => {
        await work(tx);
        throw undo;
    });
    await assert.rejects(transaction, (error) => {
        if (error !== undo) throw error;
        return true;
    });
};

const forbidden = (query: Promise<unknown>) =>
    assert.rejects(query, (error) => {
        if (!(error instanceof Prisma.PrismaClientKnownRequestError)) throw error;
        const { cause } = error.meta?.driverAdapterError as { cause: { originalCode: string } };
        assert.equal(cause.originalCode, '42501');
        return true;
    });

const missing = (query: Promise<unknown>) =>
    assert.rejects(query, (error) => {
        if (!(error instanceof Prisma.PrismaClientKnownRequestError)) throw error;
        assert.equal(error.code, 'P2025');
        return true;
    });

const ids = (rows: { id: string }[]) => rows.map((row) => row.id);

const list = (tx: Client) => tx.document.findMany({ orderBy: { createdAt: 'asc' } });
const find = (tx: Client, n: number) => tx.document.findUnique({ where: { id: key(n) } });
const seen = async (tx: Client) => ids(await list(tx));

const withProtection = async () => {
    await check('list', async () => {
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
    });

    await check('page', () => asUser(alice, async (tx) => {
        const newest = { orderBy: { createdAt: 'desc' }, take: 5 } as const;
        const first = await tx.document.findMany(newest);
        assert.deepEqual(ids(first), keys(12, 11, 10, 9, 8));
        assert.deepEqual(ids(await tx.document.findMany({ ...newest, skip: 5 })), keys(7, 6, 5, 4, 3));
        const older = { createdAt: { lt: first[4].createdAt } };
        assert.deepEqual(ids(await tx.document.findMany({ ...newest, where: older })), keys(7, 6, 5, 4, 3));
    }));

    await check('count', () => asUser(alice, async (tx) => {
        assert.equal(await tx.document.count(), 12);
        assert.equal(await tx.document.count({ where: { title: { startsWith: 'Document 1' } } }), 4);
    }));

    await check('get', () => asUser(alice, async (tx) => {
        assert.equal((await find(tx, 7))?.title, 'Document 7');
        assert.equal(await find(tx, 20), null);
        await missing(tx.document.findUniqueOrThrow({ where: { id: key(20) } }));
    }));

    await check('join', () => asUser(alice, async (tx) => {
        const rows = await tx.document.findMany({
            where: { folder: { name: { in: ['Plans', 'Secrets', 'Public'] } } },
            include: { folder: true },
            orderBy: { createdAt: 'asc' },
        });
        assert.deepEqual(ids(rows), keys(1, 3, 4, 6, 7, 9, 10, 12));
        assert.deepEqual(rows.slice(0, 2).map((row) => row.folder?.name), ['Plans', 'Public']);
    }));

    await check('prefetch', () => asUser(alice, async (tx) => {
        const rows = await tx.folder.findMany({
            include: { documents: { orderBy: { createdAt: 'asc' } } },
            orderBy: { id: 'asc' },
        });
        assert.deepEqual(ids(rows), keys(1, 3));
        assert.deepEqual(ids(rows[0].documents), keys(1, 4, 7, 10));
        assert.deepEqual(ids(rows[1].documents), keys(3, 6, 9, 12));
    }));

    await check('create', async () => {
        const created = await asUser(alice, (tx) => tx.document.create({ data: { title: 'New', folderId: key(1) } }));
        const where = { id: created.id };
        assert.equal(created.ownerId, alice);
        await asUser(alice, async (tx) => {
            assert.deepEqual(await tx.document.findUnique({ where }), created);
            await tx.document.update({ where, data: { title: 'Changed' } });
            assert.equal((await tx.document.findUnique({ where }))?.title, 'Changed');
        });
        await asUser(alice, (tx) => tx.document.delete({ where }));
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('update', async () => {
        const title = async () => (await asUser(alice, (tx) => find(tx, 1)))?.title;
        const rename = (value: string) => asUser(alice, async (tx) => {
            const { id } = await tx.document.findUniqueOrThrow({ where: { id: key(1) } });
            await tx.document.update({ where: { id }, data: { title: value } });
        });
        await rename('Changed');
        assert.equal(await title(), 'Changed');
        await rename('Document 1');
        assert.equal(await title(), 'Document 1');
    });

    await check('update_hidden', async () => {
        for (const n of [5, 20]) {
            const change = { where: { id: key(n) }, data: { title: 'Changed' } };
            assert.equal((await asUser(alice, (tx) => tx.document.updateMany(change))).count, 0);
            await missing(asUser(alice, (tx) => tx.document.update(change)));
            assert.equal((await asUser(root, (tx) => find(tx, n)))?.title, `Document ${n}`);
        }
    });

    await check('update_all', () => trying(alice, async (tx) => {
        assert.equal((await tx.document.updateMany({ data: { body: 'Changed' } })).count, 3);
        const changed = (await list(tx)).filter((document) => document.body === 'Changed');
        assert.deepEqual(ids(changed), range(1, 3));
    }));

    await check('delete', () => trying(alice, async (tx) => {
        const { id } = await tx.document.findUniqueOrThrow({ where: { id: key(2) } });
        await tx.document.delete({ where: { id } });
        assert.deepEqual(await seen(tx), [key(1), ...range(3, 12)]);
    }));

    await check('delete_hidden', async () => {
        for (const n of [5, 20]) {
            const where = { id: key(n) };
            assert.equal((await asUser(alice, (tx) => tx.document.deleteMany({ where }))).count, 0);
            await missing(asUser(alice, (tx) => tx.document.delete({ where })));
        }
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('bulk_create', () => trying(alice, async (tx) => {
        const data = ['A', 'B', 'C'].map((title) => ({ title }));
        const created = await tx.document.createManyAndReturn({ data });
        assert.deepEqual(created.map((row) => [row.title, row.ownerId]), [['A', alice], ['B', alice], ['C', alice]]);
        const visible = await seen(tx);
        assert.deepEqual(visible.slice(0, 12), range(1, 12));
        assert.deepEqual(visible.slice(12).sort(), ids(created).sort());
    }));

    await check('create_forbidden', async () => {
        await forbidden(asUser(bob, (tx) => tx.document.create({ data: { title: 'New' } })));
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('give_away', async () => {
        const data = { title: 'Gift', ownerId: bob };
        await forbidden(asUser(alice, (tx) => tx.document.create({ data })));
        await trying(alice, async (tx) => {
            assert.equal((await tx.document.createMany({ data })).count, 1);
            assert.deepEqual(await seen(tx), range(1, 12));
        });
    });

    await check('upsert', async () => {
        const upsert = (tx: Client, n: number) => tx.document.upsert({
            where: { id: key(n) },
            create: { id: key(n), title: 'Changed' },
            update: { title: 'Changed' },
        });
        await trying(alice, async (tx) => {
            await upsert(tx, 1);
            assert.equal((await find(tx, 1))?.title, 'Changed');
            assert.deepEqual(await seen(tx), range(1, 12));
        });
        await forbidden(asUser(alice, (tx) => upsert(tx, 20)));
        assert.equal((await asUser(root, (tx) => find(tx, 20)))?.title, 'Document 20');
    });

    await check('lock', () => asUser(alice, async (tx) => {
        const rows = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM documents ORDER BY created_at FOR UPDATE`;
        assert.deepEqual(ids(rows), range(1, 3));
    }));

    await check('owner', () => trying(bob, async (tx) => {
        assert.deepEqual(await seen(tx), range(20, 25));
        await tx.document.update({ where: { id: key(21) }, data: { title: 'Changed' } });
        await tx.document.delete({ where: { id: key(22) } });
        assert.equal((await find(tx, 21))?.title, 'Changed');
        assert.deepEqual(await seen(tx), keys(20, 21, 23, 24, 25));
    }));

    await check('two_users', async () => {
        // Prepared statements stay with the connection, and after five executions their plans may too,
        // whoever the next user is.
        for (let round = 0; round < 3; round++) {
            assert.deepEqual(await asUser(alice, seen), range(1, 12));
            assert.deepEqual(await asUser(bob, seen), range(20, 25));
            assert.deepEqual(await prisma.$transaction(seen), []);
            assert.deepEqual(await asUser(alice, seen), range(1, 12));
        }
    });

    await check('rollback', async () => {
        await trying(alice, async (tx) => {
            await tx.document.update({ where: { id: key(1) }, data: { title: 'Changed' } });
            assert.equal((await find(tx, 1))?.title, 'Changed');
        });
        assert.deepEqual(await prisma.$transaction(seen), []);
        assert.equal((await asUser(alice, (tx) => find(tx, 1)))?.title, 'Document 1');
    });

    type Transaction = <T>(work: (tx: Client) => Promise<T>) => Promise<T>;
    const hasNothing = async (transaction: Transaction) => {
        await transaction(async (tx) => {
            assert.deepEqual(await seen(tx), []);
            assert.deepEqual(await tx.folder.findMany(), []);
            assert.equal((await tx.document.updateMany({ data: { title: 'Changed' } })).count, 0);
            assert.equal((await tx.folder.updateMany({ data: { name: 'Changed' } })).count, 0);
            assert.equal((await tx.document.deleteMany()).count, 0);
            assert.equal((await tx.folder.deleteMany()).count, 0);
        });
        await forbidden(transaction((tx) => tx.document.create({ data: { title: 'New' } })));
        await forbidden(transaction((tx) => tx.folder.create({ data: { name: 'New' } })));
    };

    await check('nobody', () => hasNothing((work) => prisma.$transaction(work)));

    await check('stranger', async () => {
        await hasNothing((work) => asUser(noOne, work));
        await hasNothing((work) => asUser(carol, work));
    });

    await check('superuser', async () => {
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('no_user_left', async () => {
        assert.deepEqual(await seen(prisma), []);
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
        assert.deepEqual(await seen(prisma), []);
    });

    await check('silent', async () => {
        const statements = readFileSync(process.env.LOG_QUERIES!, 'utf8').trimEnd().split('\n');
        const users = statements.filter((line) => line === 'SELECT rowgrant.set_user($1)');
        assert.ok(users.length > 0 && users.length < statements.length / 2);
        assert.deepEqual(statements.filter((line) => /rowgrant/i.test(line)), users);
    });
};

const withoutProtection = async () => {
    await check('plain_list', async () => {
        assert.deepEqual(await seen(prisma), range(1, 30));
        assert.deepEqual(ids(await prisma.folder.findMany({ orderBy: { id: 'asc' } })), range(1, 3));
    });

    await check('plain_write', async () => {
        const { id } = await prisma.document.create({ data: { title: 'New', folderId: key(1) } });
        await prisma.document.update({ where: { id }, data: { title: 'Changed' } });
        assert.equal((await prisma.document.findUnique({ where: { id } }))?.title, 'Changed');
        await prisma.document.delete({ where: { id } });
        assert.deepEqual(await seen(prisma), range(1, 30));
    });
};

await (process.argv[2] === 'plain' ? withoutProtection() : withProtection());
await prisma.$disconnect();
