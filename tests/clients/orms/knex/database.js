const fs = require('node:fs');

// With a pool of one, every transaction is given the connection that the last one used.
// pg prepares no statement under a name, so that PgBouncer needs no other settings.
const knex = require('knex')({
  client: 'pg',
  connection: process.env.DATABASE_URL,
  pool: { min: 0, max: 1 },
});

knex.on('query', ({ sql }) => fs.appendFileSync(process.env.LOG_QUERIES, `${sql}\n`));

const asUser = (userId, work) =>
  knex.transaction(async (trx) => {
    await trx.raw('SELECT rowgrant.set_user(?)', [userId]);
    return work(trx);
  });

module.exports = { knex, asUser };
