// The names of ../scenario under "With protection".
const { deepEqual, equal, ok, rejects } = require('node:assert/strict');
const fs = require('node:fs');
const { EmptyResultError, Op } = require('sequelize');
const run = require('./run');
const { sequelize, Document, Folder, asUser } = require('./database');

const key = (number) => `00000000-0000-0000-0000-${String(number).padStart(12, '0')}`;
const keys = (...numbers) => numbers.map(key);
const to = (first, last) => keys(...Array.from({ length: last - first + 1 }, (_, i) => first + i));

const [alice, bob, carol, root, stranger] = keys(1, 2, 3, 4, 99);

// What work does is rolled back.
const undone = async (userId, work) => {
  const undo = new Error('undo');
  await asUser(userId, async () => {
    await work();
    throw undo;
  }).catch((error) => {
    if (error !== undo) throw error;
  });
};

const refused = (promise) => rejects(promise, (error) => error.original?.code === '42501');

const find = (options) => Document.findAll({ order: ['id'], ...options });
const ids = async (documents) => (await documents).map(({ id }) => id);
const title = async (number) => (await Document.findByPk(key(number))).title;

const noRights = async (transaction) => {
  await transaction(async () => {
    deepEqual(await Document.findAll(), []);
    deepEqual(await Folder.findAll(), []);
    deepEqual(await Document.update({ title: 'Changed' }, { where: {} }), [0]);
    equal(await Document.destroy({ where: {} }), 0);
  });
  await refused(transaction(() => Document.create({ title: 'New', folderId: key(1) })));
};

run({
  list: () => asUser(alice, async () => deepEqual((await ids(Document.findAll())).sort(), to(1, 12))),

  page: () =>
    asUser(alice, async () => {
      const newest = { order: [['createdAt', 'DESC']], limit: 5 };
      const page = await Document.findAll(newest);
      deepEqual(await ids(page), keys(12, 11, 10, 9, 8));
      deepEqual(await ids(Document.findAll({ ...newest, offset: 5 })), keys(7, 6, 5, 4, 3));
      const older = { createdAt: { [Op.lt]: page.at(-1).createdAt } };
      deepEqual(await ids(Document.findAll({ ...newest, where: older })), keys(7, 6, 5, 4, 3));
    }),

  count: () =>
    asUser(alice, async () => {
      equal(await Document.count(), 12);
      equal(await Document.count({ where: { title: { [Op.startsWith]: 'Document 1' } } }), 4);
    }),

  get: () =>
    asUser(alice, async () => {
      equal(await title(7), 'Document 7');
      equal(await Document.findByPk(key(20)), null);
      await rejects(Document.findByPk(key(20), { rejectOnEmpty: true }), EmptyResultError);
    }),

  join: () =>
    asUser(alice, async () => {
      const documents = await find({ include: { model: Folder, required: true } });
      deepEqual(await ids(documents), keys(1, 3, 4, 6, 7, 9, 10, 12));
      deepEqual([...new Set(documents.map(({ Folder }) => Folder.name))], ['Plans', 'Public']);
    }),

  prefetch: () =>
    asUser(alice, async () => {
      const folders = await Folder.findAll({ include: Document, order: ['id', [Document, 'id']] });
      deepEqual(await ids(folders), keys(1, 3));
      deepEqual(await ids(folders[0].Documents), keys(1, 4, 7, 10));
      deepEqual(await ids(folders[1].Documents), keys(3, 6, 9, 12));
    }),

  create: () =>
    undone(alice, async () => {
      const document = await Document.create({ title: 'New', folderId: key(1) });
      equal(document.ownerId, alice);
      const found = await Document.findByPk(document.id);
      equal(found.title, 'New');
      await found.update({ title: 'Changed' });
      equal((await document.reload()).title, 'Changed');
      await document.destroy();
      deepEqual(await ids(find()), to(1, 12));
    }),

  update: async () => {
    await asUser(alice, async () => {
      const document = await Document.findByPk(key(1));
      document.title = 'Changed';
      await document.save();
    });
    await asUser(alice, async () => {
      const document = await Document.findByPk(key(1));
      equal(document.title, 'Changed');
      await document.update({ title: 'Document 1' });
    });
  },

  update_hidden: async () => {
    for (const n of [5, 20]) {
      const where = { id: key(n) };
      await asUser(alice, async () => deepEqual(await Document.update({ title: 'Changed' }, { where }), [0]));
      await asUser(root, async () => equal(await title(n), `Document ${n}`));
    }
  },

  update_all: () =>
    undone(alice, async () => {
      deepEqual(await Document.update({ title: 'Changed' }, { where: {} }), [3]);
      deepEqual(await ids(find({ where: { title: 'Changed' } })), to(1, 3));
    }),

  delete: () =>
    undone(alice, async () => {
      await (await Document.findByPk(key(2))).destroy();
      deepEqual(await ids(find()), [key(1), ...to(3, 12)]);
    }),

  delete_hidden: async () => {
    for (const n of [5, 20]) {
      await asUser(alice, async () => equal(await Document.destroy({ where: { id: key(n) } }), 0));
      await asUser(root, async () => equal(await title(n), `Document ${n}`));
    }
  },

  bulk_create: () =>
    undone(alice, async () => {
      const created = await Document.bulkCreate(['a', 'b', 'c'].map((title) => ({ title, folderId: key(1) })));
      equal(created.length, 3);
      deepEqual(await ids(find()), [...to(1, 12), ...(await ids(created))].sort());
    }),

  create_forbidden: async () => {
    await refused(asUser(bob, () => Document.create({ title: 'New', folderId: key(3) })));
    await asUser(root, async () => deepEqual(await ids(find()), to(1, 30)));
  },

  give_away: async () => {
    const document = { title: 'New', folderId: key(1), ownerId: bob };
    await refused(asUser(alice, () => Document.create(document)));
    await undone(alice, async () => {
      await Document.create(document, { returning: false });
      deepEqual(await ids(find()), to(1, 12));
    });
  },

  upsert: async () => {
    await undone(alice, async () => {
      await Document.upsert({ id: key(1), title: 'Changed' });
      equal(await title(1), 'Changed');
      deepEqual(await ids(find()), to(1, 12));
    });
    await refused(asUser(alice, () => Document.upsert({ id: key(20), title: 'Changed' })));
    await asUser(root, async () => equal(await title(20), 'Document 20'));
  },

  lock: () => asUser(alice, async () => deepEqual(await ids(find({ lock: true })), to(1, 3))),

  owner: () =>
    undone(bob, async () => {
      deepEqual(await ids(find()), to(20, 25));
      await (await Document.findByPk(key(21))).update({ title: 'Changed' });
      equal(await title(21), 'Changed');
      await (await Document.findByPk(key(22))).destroy();
      deepEqual(await ids(find()), keys(20, 21, 23, 24, 25));
    }),

  two_users: async () => {
    await asUser(alice, async () => deepEqual(await ids(find()), to(1, 12)));
    await asUser(bob, async () => deepEqual(await ids(find()), to(20, 25)));
    await sequelize.transaction(async () => deepEqual(await ids(find()), []));
    await asUser(alice, async () => deepEqual(await ids(find()), to(1, 12)));
  },

  rollback: async () => {
    await undone(alice, async () => {
      await (await Document.findByPk(key(1))).update({ title: 'Changed' });
      equal(await title(1), 'Changed');
    });
    await sequelize.transaction(async () => deepEqual(await ids(find()), []));
    await asUser(root, async () => equal(await title(1), 'Document 1'));
  },

  nobody: () => noRights((work) => sequelize.transaction(work)),

  stranger: async () => {
    await noRights((work) => asUser(stranger, work));
    await noRights((work) => asUser(carol, work));
  },

  superuser: () => asUser(root, async () => deepEqual(await ids(find()), to(1, 30))),

  no_user_left: async () => {
    deepEqual(await ids(find()), []);
    await asUser(alice, async () => deepEqual(await ids(find()), to(1, 12)));
    deepEqual(await ids(find()), []);
  },

  silent: () => {
    const statements = fs.readFileSync(process.env.LOG_QUERIES, 'utf8').split('\n');
    ok(statements.some((statement) => statement.includes('FROM "documents"')));
    for (const statement of statements.filter((statement) => statement.includes('rowgrant'))) {
      ok(statement.endsWith(': SELECT rowgrant.set_user($1)'), statement);
    }
  },
});
