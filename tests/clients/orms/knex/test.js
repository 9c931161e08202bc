// The names of ../scenario under "With protection".
const { deepEqual, equal, ok, rejects } = require('node:assert/strict');
const fs = require('node:fs');
const run = require('./run');
const { knex, asUser } = require('./database');

const [alice, bob, carol, root, stranger] = [1, 2, 3, 4, 99];
const to = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

// What work does is rolled back.
const undone = async (userId, work) => {
  const undo = new Error('undo');
  await asUser(userId, async (trx) => {
    await work(trx);
    throw undo;
  }).catch((error) => {
    if (error !== undo) throw error;
  });
};

const refused = (promise) => rejects(promise, { code: '42501' });

const ids = (trx) => trx('documents').orderBy('id').pluck('id');
const title = async (trx, id) => (await trx('documents').where({ id }).first()).title;
const count = async (query) => Number((await query.count().first()).count);

const noRights = async (transaction) => {
  await transaction(async (trx) => {
    deepEqual(await ids(trx), []);
    deepEqual(await trx('folders'), []);
    equal(await trx('documents').update({ title: 'Changed' }), 0);
    equal(await trx('documents').delete(), 0);
  });
  await refused(transaction((trx) => trx('documents').insert({ title: 'New', folder_id: 1 })));
};

run({
  list: () =>
    asUser(alice, async (trx) => {
      const documents = await trx('documents');
      deepEqual(documents.map(({ id }) => id).sort((a, b) => a - b), to(1, 12));
    }),

  page: () =>
    asUser(alice, async (trx) => {
      const newest = () => trx('documents').orderBy('created_at', 'desc').limit(5);
      const page = await newest();
      deepEqual(page.map(({ id }) => id), [12, 11, 10, 9, 8]);
      deepEqual(await newest().offset(5).pluck('id'), [7, 6, 5, 4, 3]);
      deepEqual(await newest().where('created_at', '<', page.at(-1).created_at).pluck('id'), [7, 6, 5, 4, 3]);
    }),

  count: () =>
    asUser(alice, async (trx) => {
      equal(await count(trx('documents')), 12);
      equal(await count(trx('documents').whereLike('title', 'Document 1%')), 4);
    }),

  get: () =>
    asUser(alice, async (trx) => {
      equal(await title(trx, 7), 'Document 7');
      equal(await trx('documents').where({ id: 20 }).first(), undefined);
    }),

  join: () =>
    asUser(alice, async (trx) => {
      const documents = trx('documents').join('folders', 'folders.id', 'folder_id').orderBy('documents.id');
      deepEqual(await documents.pluck('documents.id'), [1, 3, 4, 6, 7, 9, 10, 12]);
    }),

  // Knex loads nothing eagerly: a second query does it.
  prefetch: () =>
    asUser(alice, async (trx) => {
      const folders = await trx('folders').orderBy('id').pluck('id');
      const documents = await trx('documents').whereIn('folder_id', folders).orderBy('id');
      const inFolder = (folder) => documents.filter(({ folder_id }) => folder_id === folder).map(({ id }) => id);
      deepEqual(folders, [1, 3]);
      deepEqual(folders.map(inFolder), [[1, 4, 7, 10], [3, 6, 9, 12]]);
    }),

  create: () =>
    undone(alice, async (trx) => {
      const [created] = await trx('documents').insert({ title: 'New', folder_id: 1 }).returning(['id', 'owner_id']);
      equal(created.owner_id, alice);
      const { id } = created;
      equal(await title(trx, id), 'New');
      equal(await trx('documents').where({ id }).update({ title: 'Changed' }), 1);
      equal(await title(trx, id), 'Changed');
      equal(await trx('documents').where({ id }).delete(), 1);
      deepEqual(await ids(trx), to(1, 12));
    }),

  update: async () => {
    await asUser(alice, async (trx) => {
      const document = await trx('documents').where({ id: 1 }).first();
      equal(await trx('documents').where({ id: document.id }).update({ title: `${document.title} changed` }), 1);
    });
    await asUser(alice, async (trx) => {
      equal(await title(trx, 1), 'Document 1 changed');
      await trx('documents').where({ id: 1 }).update({ title: 'Document 1' });
    });
  },

  update_hidden: async () => {
    for (const id of [5, 20]) {
      await asUser(alice, async (trx) => equal(await trx('documents').where({ id }).update({ title: 'Changed' }), 0));
      await asUser(root, async (trx) => equal(await title(trx, id), `Document ${id}`));
    }
  },

  update_all: () =>
    undone(alice, async (trx) => {
      equal(await trx('documents').update({ title: 'Changed' }), 3);
      deepEqual(await trx('documents').where({ title: 'Changed' }).orderBy('id').pluck('id'), [1, 2, 3]);
    }),

  delete: () =>
    undone(alice, async (trx) => {
      const document = await trx('documents').where({ id: 2 }).first();
      equal(await trx('documents').where({ id: document.id }).delete(), 1);
      deepEqual(await ids(trx), [1, ...to(3, 12)]);
    }),

  delete_hidden: async () => {
    for (const id of [5, 20]) {
      await asUser(alice, async (trx) => equal(await trx('documents').where({ id }).delete(), 0));
      await asUser(root, async (trx) => equal(await title(trx, id), `Document ${id}`));
    }
  },

  bulk_create: () =>
    undone(alice, async (trx) => {
      const created = await trx
        .batchInsert('documents', ['a', 'b', 'c'].map((letter) => ({ title: letter, folder_id: 1 })))
        .returning('id');
      equal(created.length, 3);
      deepEqual(await ids(trx), [...to(1, 12), ...created.map(({ id }) => id)]);
    }),

  create_forbidden: async () => {
    await refused(asUser(bob, (trx) => trx('documents').insert({ title: 'New', folder_id: 3 })));
    await asUser(root, async (trx) => deepEqual(await ids(trx), to(1, 30)));
  },

  give_away: async () => {
    const create = (trx) => trx('documents').insert({ title: 'New', folder_id: 1, owner_id: bob });
    await refused(asUser(alice, (trx) => create(trx).returning('id')));
    await undone(alice, async (trx) => {
      await create(trx);
      deepEqual(await ids(trx), to(1, 12));
    });
  },

  upsert: async () => {
    const upsert = (trx, id) => trx('documents').insert({ id, title: 'Changed' }).onConflict('id').merge();
    await undone(alice, async (trx) => {
      await upsert(trx, 1);
      equal(await title(trx, 1), 'Changed');
      deepEqual(await ids(trx), to(1, 12));
    });
    await refused(asUser(alice, (trx) => upsert(trx, 20)));
    await asUser(root, async (trx) => equal(await title(trx, 20), 'Document 20'));
  },

  lock: () => asUser(alice, async (trx) => deepEqual(await ids(trx).forUpdate(), [1, 2, 3])),

  owner: () =>
    undone(bob, async (trx) => {
      deepEqual(await ids(trx), to(20, 25));
      equal(await trx('documents').where({ id: 21 }).update({ title: 'Changed' }), 1);
      equal(await title(trx, 21), 'Changed');
      equal(await trx('documents').where({ id: 22 }).delete(), 1);
      deepEqual(await ids(trx), [20, 21, 23, 24, 25]);
    }),

  two_users: async () => {
    await asUser(alice, async (trx) => deepEqual(await ids(trx), to(1, 12)));
    await asUser(bob, async (trx) => deepEqual(await ids(trx), to(20, 25)));
    await knex.transaction(async (trx) => deepEqual(await ids(trx), []));
    await asUser(alice, async (trx) => deepEqual(await ids(trx), to(1, 12)));
  },

  rollback: async () => {
    await undone(alice, async (trx) => equal(await trx('documents').where({ id: 1 }).update({ title: 'Changed' }), 1));
    await knex.transaction(async (trx) => deepEqual(await ids(trx), []));
    await asUser(root, async (trx) => equal(await title(trx, 1), 'Document 1'));
  },

  nobody: () => noRights((work) => knex.transaction(work)),

  stranger: async () => {
    await noRights((work) => asUser(stranger, work));
    await noRights((work) => asUser(carol, work));
  },

  superuser: () => asUser(root, async (trx) => deepEqual(await ids(trx), to(1, 30))),

  no_user_left: async () => {
    deepEqual(await ids(knex), []);
    await asUser(alice, async (trx) => deepEqual(await ids(trx), to(1, 12)));
    deepEqual(await ids(knex), []);
  },

  silent: () => {
    const statements = fs.readFileSync(process.env.LOG_QUERIES, 'utf8').split('\n');
    ok(statements.some((statement) => statement.includes('from "documents"')));
    const telling = new Set(statements.filter((statement) => statement.includes('rowgrant')));
    deepEqual([...telling], ['SELECT rowgrant.set_user($1)']);
  },
});
