import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type EntityManager, EntityNotFoundError, LessThan, Like, QueryFailedError } from 'typeorm';
import { asUser, dataSource } from './database.js';
import { Document, Folder } from './entities.js';

const key = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
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
const trying = async (id: string, work: (manager: EntityManager) => Promise<unknown>) => {
    const undo = new Error('rolled back');
    const transaction = asUser(id, async (manager) => {
        await work(manager);
        throw undo;
    });
    await assert.rejects(transaction, (error) => {
        if (error !== undo) throw error;
        return true;
    });
};

const forbidden = (query: Promise<unknown>) =>
    assert.rejects(query, (error) => {
        if (!(error instanceof QueryFailedError)) throw error;
        assert.equal(error.driverError.code, '42501');
        return true;
    });

const ids = (rows: { id: string }[]) => rows.map((row) => row.id);

const list = (manager: EntityManager) => manager.find(Document, { order: { id: 'ASC' } });
const find = (manager: EntityManager, n: number) => manager.findOneBy(Document, { id: key(n) });
const seen = async (manager: EntityManager) => ids(await list(manager));

const withProtection = async () => {
    await check('list', async () => {
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
    });

    await check('page', () => asUser(alice, async (manager) => {
        const newest = { order: { createdAt: 'DESC' }, take: 5 } as const;
        const first = await manager.find(Document, newest);
        assert.deepEqual(ids(first), keys(12, 11, 10, 9, 8));
        assert.deepEqual(ids(await manager.find(Document, { ...newest, skip: 5 })), keys(7, 6, 5, 4, 3));
        const older = { createdAt: LessThan(first[4].createdAt) };
        assert.deepEqual(ids(await manager.find(Document, { ...newest, where: older })), keys(7, 6, 5, 4, 3));
    }));

    await check('count', () => asUser(alice, async (manager) => {
        assert.equal(await manager.count(Document), 12);
        assert.equal(await manager.countBy(Document, { title: Like('Document 1%') }), 4);
    }));

    await check('get', () => asUser(alice, async (manager) => {
        assert.equal((await find(manager, 7))?.title, 'Document 7');
        assert.equal(await find(manager, 20), null);
        await assert.rejects(manager.findOneByOrFail(Document, { id: key(20) }), EntityNotFoundError);
    }));

    await check('join', () => asUser(alice, async (manager) => {
        const rows = await manager
            .createQueryBuilder(Document, 'document')
            .innerJoinAndSelect('document.folder', 'folder')
            .orderBy('document.id')
            .getMany();
        assert.deepEqual(ids(rows), keys(1, 3, 4, 6, 7, 9, 10, 12));
        assert.deepEqual(rows.slice(0, 2).map((row) => row.folder?.name), ['Plans', 'Public']);
    }));

    await check('prefetch', () => asUser(alice, async (manager) => {
        for (const relationLoadStrategy of ['join', 'query'] as const) {
            const rows = await manager.find(Folder, {
                relations: { documents: true },
                order: { id: 'ASC', documents: { id: 'ASC' } },
                relationLoadStrategy,
            });
            assert.deepEqual(ids(rows), keys(1, 3));
            assert.deepEqual(ids(rows[0].documents!), keys(1, 4, 7, 10));
            assert.deepEqual(ids(rows[1].documents!), keys(3, 6, 9, 12));
        }
    }));

    await check('create', async () => {
        const created = await asUser(alice, async (manager) => {
            const { id } = await manager.save(Document, { title: 'New', folder: { id: key(1) } });
            return manager.findOneByOrFail(Document, { id });
        });
        assert.equal(created.ownerId, alice);
        await asUser(alice, async (manager) => {
            const document = await manager.findOneByOrFail(Document, { id: created.id });
            assert.deepEqual(document, created);
            document.title = 'Changed';
            await manager.save(document);
            assert.equal(await manager.countBy(Document, { id: created.id, title: 'Changed' }), 1);
        });
        await asUser(alice, (manager) => manager.remove(Document, { ...created }));
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('update', async () => {
        const title = async () => (await asUser(alice, (manager) => find(manager, 1)))?.title;
        const rename = (value: string) => asUser(alice, async (manager) => {
            const document = await manager.findOneByOrFail(Document, { id: key(1) });
            document.title = value;
            await manager.save(document);
        });
        await rename('Changed');
        assert.equal(await title(), 'Changed');
        await rename('Document 1');
        assert.equal(await title(), 'Document 1');
    });

    await check('update_hidden', async () => {
        for (const n of [5, 20]) {
            const { affected } = await asUser(alice, (manager) =>
                manager.update(Document, { id: key(n) }, { title: 'Changed' }));
            assert.equal(affected, 0);
            assert.equal((await asUser(root, (manager) => find(manager, n)))?.title, `Document ${n}`);
        }
    });

    await check('update_all', () => trying(alice, async (manager) => {
        assert.equal((await manager.updateAll(Document, { body: 'Changed' })).affected, 3);
        const changed = (await list(manager)).filter((document) => document.body === 'Changed');
        assert.deepEqual(ids(changed), range(1, 3));
    }));

    await check('delete', () => trying(alice, async (manager) => {
        await manager.remove(await manager.findOneByOrFail(Document, { id: key(2) }));
        assert.deepEqual(await seen(manager), [key(1), ...range(3, 12)]);
    }));

    await check('delete_hidden', async () => {
        for (const n of [5, 20]) {
            const { affected } = await asUser(alice, (manager) => manager.delete(Document, { id: key(n) }));
            assert.equal(affected, 0);
        }
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('bulk_create', () => trying(alice, async (manager) => {
        const rows = ['A', 'B', 'C'].map((title) => ({ title }));
        const { identifiers } = await manager.insert(Document, rows);
        const visible = await list(manager);
        const created = visible.filter((document) => identifiers.some(({ id }) => id === document.id));
        assert.deepEqual(created.map((document) => document.title).sort(), ['A', 'B', 'C']);
        assert.deepEqual(created.map((document) => document.ownerId), [alice, alice, alice]);
        assert.equal(visible.length, 15);
    }));

    await check('create_forbidden', async () => {
        await forbidden(asUser(bob, (manager) => manager.save(Document, { title: 'New' })));
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('give_away', async () => {
        await forbidden(asUser(alice, (manager) => manager.save(Document, { title: 'Gift', ownerId: bob })));
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('upsert', async () => {
        const upsert = (manager: EntityManager, n: number) =>
            manager.upsert(Document, { id: key(n), title: 'Changed' }, ['id']);
        await trying(alice, async (manager) => {
            await upsert(manager, 1);
            assert.equal((await find(manager, 1))?.title, 'Changed');
            assert.deepEqual(await seen(manager), range(1, 12));
        });
        await forbidden(asUser(alice, (manager) => upsert(manager, 20)));
        assert.equal((await asUser(root, (manager) => find(manager, 20)))?.title, 'Document 20');
    });

    await check('lock', () => asUser(alice, async (manager) => {
        const rows = await manager.find(Document, { order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });
        assert.deepEqual(ids(rows), range(1, 3));
    }));

    await check('owner', () => trying(bob, async (manager) => {
        assert.deepEqual(await seen(manager), range(20, 25));
        assert.equal((await manager.update(Document, { id: key(21) }, { title: 'Changed' })).affected, 1);
        assert.equal((await manager.delete(Document, { id: key(22) })).affected, 1);
        assert.equal((await find(manager, 21))?.title, 'Changed');
        assert.deepEqual(await seen(manager), keys(20, 21, 23, 24, 25));
    }));

    await check('two_users', async () => {
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
        assert.deepEqual(await asUser(bob, seen), range(20, 25));
        assert.deepEqual(await dataSource.transaction(seen), []);
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
    });

    await check('rollback', async () => {
        await trying(alice, async (manager) => {
            await manager.update(Document, { id: key(1) }, { title: 'Changed' });
            assert.equal((await find(manager, 1))?.title, 'Changed');
        });
        assert.deepEqual(await dataSource.transaction(seen), []);
        assert.equal((await asUser(alice, (manager) => find(manager, 1)))?.title, 'Document 1');
    });

    type Transaction = <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>;
    const hasNothing = async (transaction: Transaction) => {
        await transaction(async (manager) => {
            assert.deepEqual(await seen(manager), []);
            assert.deepEqual(await manager.find(Folder), []);
            assert.equal((await manager.updateAll(Document, { title: 'Changed' })).affected, 0);
            assert.equal((await manager.updateAll(Folder, { name: 'Changed' })).affected, 0);
            assert.equal((await manager.deleteAll(Document)).affected, 0);
            assert.equal((await manager.deleteAll(Folder)).affected, 0);
        });
        await forbidden(transaction((manager) => manager.save(Document, { title: 'New' })));
        await forbidden(transaction((manager) => manager.save(Folder, { name: 'New' })));
    };

    await check('nobody', () => hasNothing((work) => dataSource.transaction(work)));

    await check('stranger', async () => {
        await hasNothing((work) => asUser(noOne, work));
        await hasNothing((work) => asUser(carol, work));
    });

    await check('superuser', async () => {
        assert.deepEqual(await asUser(root, seen), range(1, 30));
    });

    await check('no_user_left', async () => {
        assert.deepEqual(await seen(dataSource.manager), []);
        assert.deepEqual(await asUser(alice, seen), range(1, 12));
        assert.deepEqual(await seen(dataSource.manager), []);
    });

    await check('silent', async () => {
        const statements = readFileSync(process.env.LOG_QUERIES!, 'utf8').trimEnd().split('\n');
        const users = statements.filter((line) => line.startsWith('SELECT rowgrant.set_user($1) -- PARAMETERS:'));
        assert.ok(users.length > 0 && users.length < statements.length / 2);
        assert.deepEqual(statements.filter((line) => /rowgrant/i.test(line)), users);
    });
};

const withoutProtection = async () => {
    const { manager } = dataSource;

    await check('plain_list', async () => {
        assert.deepEqual(await seen(manager), range(1, 30));
        assert.deepEqual(ids(await manager.find(Folder, { order: { id: 'ASC' } })), range(1, 3));
    });

    await check('plain_write', async () => {
        const { id } = await manager.save(Document, { title: 'New', folder: { id: key(1) } });
        const document = await manager.findOneByOrFail(Document, { id });
        document.title = 'Changed';
        await manager.save(document);
        assert.equal(await manager.countBy(Document, { id, title: 'Changed' }), 1);
        await manager.remove(document);
        assert.deepEqual(await seen(manager), range(1, 30));
    });
};

await dataSource.initialize();
await (process.argv[2] === 'plain' ? withoutProtection() : withProtection());
await dataSource.destroy();
