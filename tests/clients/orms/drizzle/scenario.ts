import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { asc, desc, DrizzleQueryError, eq, like, lt, sql } from 'drizzle-orm';
import pg from 'pg';
import { asUser, type Database, db, pool } from './database.js';
import { documents, folders } from './schema.js';

const [alice, bob, carol, root, noOne] = [1, 2, 3, 4, 99];
const pooled = process.env.ORM_POOLED === '1';

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
const trying = async (id: number, work: (tx: Database) => Promise<unknown>) => {
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
        if (!(error instanceof DrizzleQueryError && error.cause instanceof pg.DatabaseError)) throw error;
        assert.equal(error.cause.code, '42501');
        return true;
    });

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const ids = (rows: { id: number }[]) => rows.map((row) => row.id);

const list = (tx: Database) => tx.query.documents.findMany({ orderBy: asc(documents.id) });
const find = (tx: Database, id: number) => tx.query.documents.findFirst({ where: eq(documents.id, id) });
const seen = async (tx: Database) => ids(await list(tx));

const withProtection = async () => {
    await check('list', async () => {
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
    });

    await check('page', () => asUser(alice, async (tx) => {
        const newest = { orderBy: desc(documents.createdAt), limit: 5 };
        const first = await tx.query.documents.findMany(newest);
        assert.deepEqual(ids(first), [12, 11, 10, 9, 8]);
        assert.deepEqual(ids(await tx.query.documents.findMany({ ...newest, offset: 5 })), [7, 6, 5, 4, 3]);
        const older = lt(documents.createdAt, first[4].createdAt);
        assert.deepEqual(ids(await tx.query.documents.findMany({ ...newest, where: older })), [7, 6, 5, 4, 3]);
    }));

    await check('count', () => asUser(alice, async (tx) => {
        assert.equal(await tx.$count(documents), 12);
        assert.equal(await tx.$count(documents, like(documents.title, 'Document 1%')), 4);
    }));

    await check('get', () => asUser(alice, async (tx) => {
        assert.equal((await find(tx, 7))?.title, 'Document 7');
        assert.equal(await find(tx, 20), undefined);
    }));

    await check('join', () => asUser(alice, async (tx) => {
        const rows = await tx
            .select({ id: documents.id, folder: folders.name })
            .from(documents)
            .innerJoin(folders, eq(documents.folderId, folders.id))
            .orderBy(documents.id);
        assert.deepEqual(ids(rows), [1, 3, 4, 6, 7, 9, 10, 12]);
        assert.deepEqual(rows.slice(0, 2).map((row) => row.folder), ['Plans', 'Public']);
    }));

    await check('prefetch', () => asUser(alice, async (tx) => {
        const rows = await tx.query.folders.findMany({
            orderBy: asc(folders.id),
            with: { documents: { orderBy: asc(documents.id) } },
        });
        assert.deepEqual(rows.map((row) => [row.id, ids(row.documents)]), [[1, [1, 4, 7, 10]], [3, [3, 6, 9, 12]]]);
    }));

    await check('create', async () => {
        const [created] = await asUser(alice, (tx) =>
            tx.insert(documents).values({ title: 'New', folderId: 1 }).returning());
        assert.ok(created.id >= 1000);
        assert.equal(created.ownerId, alice);
        await asUser(alice, async (tx) => {
            assert.deepEqual(await find(tx, created.id), created);
            await tx.update(documents).set({ title: 'Changed' }).where(eq(documents.id, created.id));
            assert.equal((await find(tx, created.id))?.title, 'Changed');
        });
        await asUser(alice, (tx) => tx.delete(documents).where(eq(documents.id, created.id)));
        assert.equal(await asUser(root, (tx) => find(tx, created.id)), undefined);
    });

    await check('update', async () => {
        const title = async () => (await asUser(alice, (tx) => find(tx, 1)))?.title;
        const rename = (value: string) => asUser(alice, async (tx) => {
            const document = await find(tx, 1);
            await tx.update(documents).set({ title: value }).where(eq(documents.id, document!.id));
        });
        await rename('Changed');
        assert.equal(await title(), 'Changed');
        await rename('Document 1');
        assert.equal(await title(), 'Document 1');
    });

    await check('update_hidden', async () => {
        for (const id of [5, 20]) {
            const { rowCount } = await asUser(alice, (tx) =>
                tx.update(documents).set({ title: 'Changed' }).where(eq(documents.id, id)));
            assert.equal(rowCount, 0);
            assert.equal((await asUser(root, (tx) => find(tx, id)))?.title, `Document ${id}`);
        }
    });

    await check('update_all', () => trying(alice, async (tx) => {
        assert.equal((await tx.update(documents).set({ body: 'Changed' })).rowCount, 3);
        const changed = (await list(tx)).filter((document) => document.body === 'Changed');
        assert.deepEqual(ids(changed), [1, 2, 3]);
    }));

    await check('delete', () => trying(alice, async (tx) => {
        const document = await find(tx, 2);
        assert.equal((await tx.delete(documents).where(eq(documents.id, document!.id))).rowCount, 1);
        assert.deepEqual(await seen(tx), [1, ...range(3, 12)]);
    }));

    await check('delete_hidden', async () => {
        for (const id of [5, 20]) {
            const { rowCount } = await asUser(alice, (tx) => tx.delete(documents).where(eq(documents.id, id)));
            assert.equal(rowCount, 0);
        }
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('bulk_create', () => trying(alice, async (tx) => {
        const values = ['A', 'B', 'C'].map((title) => ({ title }));
        const created = await tx.insert(documents).values(values).returning();
        assert.deepEqual(created.map((row) => [row.title, row.ownerId]), [['A', alice], ['B', alice], ['C', alice]]);
        assert.deepEqual(await seen(tx), [...range(1, 12), ...ids(created)]);
    }));

    await check('create_forbidden', async () => {
        await forbidden(asUser(bob, (tx) => tx.insert(documents).values({ title: 'New' })));
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('give_away', async () => {
        const gift = { title: 'Gift', ownerId: bob };
        await forbidden(asUser(alice, (tx) => tx.insert(documents).values(gift).returning()));
        await trying(alice, async (tx) => {
            assert.equal((await tx.insert(documents).values(gift)).rowCount, 1);
            assert.deepEqual(await seen(tx), range(1, 12));
        });
    });

    await check('upsert', async () => {
        const upsert = (tx: Database, id: number) => tx
            .insert(documents)
            .values({ id, title: 'Changed' })
            .onConflictDoUpdate({ target: documents.id, set: { title: sql`excluded.title` } });
        await trying(alice, async (tx) => {
            await upsert(tx, 1);
            assert.equal((await find(tx, 1))?.title, 'Changed');
            assert.deepEqual(await seen(tx), range(1, 12));
        });
        await forbidden(asUser(alice, (tx) => upsert(tx, 20)));
        assert.equal((await asUser(root, (tx) => find(tx, 20)))?.title, 'Document 20');
    });

    await check('lock', () => asUser(alice, async (tx) => {
        const rows = await tx.select().from(documents).orderBy(documents.id).for('update');
        assert.deepEqual(ids(rows), [1, 2, 3]);
    }));

    await check('owner', () => trying(bob, async (tx) => {
        assert.deepEqual(await seen(tx), range(20, 25));
        assert.equal((await tx.update(documents).set({ title: 'Changed' }).where(eq(documents.id, 21))).rowCount, 1);
        assert.equal((await tx.delete(documents).where(eq(documents.id, 22))).rowCount, 1);
        assert.equal((await find(tx, 21))?.title, 'Changed');
        assert.deepEqual(await seen(tx), [20, 21, 23, 24, 25]);
    }));

    await check('two_users', async () => {
        // Prepared once: its plan stays with the connection, whoever the next user is.
        const prepared = (tx: Database) => tx
            .select({ id: documents.id })
            .from(documents)
            .orderBy(documents.id)
            .prepare(pooled ? '' : 'documents')
            .execute();
        assert.deepEqual(ids(await asUser(alice, prepared)), range(1, 12));
        assert.deepEqual(ids(await asUser(bob, prepared)), range(20, 25));
        assert.deepEqual(ids(await db.transaction(prepared)), []);
        assert.deepEqual(ids(await asUser(alice, prepared)), range(1, 12));
    });

    await check('rollback', async () => {
        await trying(alice, async (tx) => {
            await tx.update(documents).set({ title: 'Changed' }).where(eq(documents.id, 1));
            assert.equal((await find(tx, 1))?.title, 'Changed');
        });
        assert.deepEqual(await db.transaction(seen), []);
        assert.equal((await asUser(alice, (tx) => find(tx, 1)))?.title, 'Document 1');
    });

    type Transaction = <T>(work: (tx: Database) => Promise<T>) => Promise<T>;
    const hasNothing = async (transaction: Transaction) => {
        await transaction(async (tx) => {
            assert.deepEqual(await seen(tx), []);
            assert.deepEqual(await tx.query.folders.findMany(), []);
            for (const table of [documents, folders]) {
                assert.equal((await tx.delete(table)).rowCount, 0);
            }
            assert.equal((await tx.update(documents).set({ title: 'Changed' })).rowCount, 0);
            assert.equal((await tx.update(folders).set({ name: 'Changed' })).rowCount, 0);
        });
        await forbidden(transaction((tx) => tx.insert(documents).values({ title: 'New' })));
        await forbidden(transaction((tx) => tx.insert(folders).values({ name: 'New' })));
    };

    await check('nobody', () => hasNothing((work) => db.transaction(work)));

    await check('stranger', async () => {
        await hasNothing((work) => asUser(noOne, work));
        await hasNothing((work) => asUser(carol, work));
    });

    await check('superuser', async () => {
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('no_user_left', async () => {
        assert.deepEqual(await seen(db), []);
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
        assert.deepEqual(await seen(db), []);
    });

    await check('silent', async () => {
        const statements = readFileSync(process.env.LOG_QUERIES!, 'utf8').trimEnd().split('\n');
        const users = statements.filter((line) => line.startsWith('Query: SELECT rowgrant.set_user($1) -- params:'));
        assert.ok(users.length > 0 && users.length < statements.length / 2);
        assert.deepEqual(statements.filter((line) => /rowgrant/i.test(line)), users);
    });
};

const withoutProtection = async () => {
    await check('plain_list', async () => {
        assert.deepEqual(await seen(db), range(1, 30));
        assert.deepEqual(ids(await db.query.folders.findMany({ orderBy: asc(folders.id) })), [1, 2, 3]);
    });

    await check('plain_write', async () => {
        const [{ id }] = await db.insert(documents).values({ title: 'New', folderId: 1 }).returning();
        await db.update(documents).set({ title: 'Changed' }).where(eq(documents.id, id));
        assert.equal((await find(db, id))?.title, 'Changed');
        await db.delete(documents).where(eq(documents.id, id));
        assert.deepEqual(await seen(db), range(1, 30));
    });
};

await (process.argv[2] === 'plain' ? withoutProtection() : withProtection());
await pool.end();
