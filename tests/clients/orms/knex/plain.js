// The names of ../scenario under "Without protection".
const { equal } = require('node:assert/strict');
const run = require('./run');
const { knex } = require('./database');

run({
  plain_list: async () => {
    equal((await knex('documents')).length, 30);
    equal((await knex('folders')).length, 3);
  },

  plain_write: async () => {
    const [{ id }] = await knex('documents').insert({ title: 'New', folder_id: 1 }).returning('id');
    equal(await knex('documents').where({ id }).update({ title: 'Changed' }), 1);
    equal((await knex('documents').where({ id }).first()).title, 'Changed');
    equal(await knex('documents').where({ id }).delete(), 1);
    equal(await knex('documents').where({ id }).first(), undefined);
  },
});
