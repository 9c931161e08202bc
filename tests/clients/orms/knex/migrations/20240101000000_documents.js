exports.up = async (knex) => {
  await knex.schema.createTable('users', (table) => {
    table.increments();
    table.text('name').notNullable();
    table.boolean('is_active').notNullable().defaultTo(true);
    table.boolean('is_superuser').notNullable().defaultTo(false);
  });
  await knex.schema.createTable('folders', (table) => {
    table.increments();
    table.text('name').notNullable();
  });
  await knex.schema.createTable('documents', (table) => {
    table.increments();
    table.text('title').notNullable();
    table.text('body');
    table.integer('folder_id').references('folders.id').index();
    table.integer('owner_id').references('users.id').index().defaultTo(knex.raw('rowgrant.current_user_id()::integer'));
    table.timestamp('created_at').notNullable().defaultTo(knex.fn.now()).index();
  });
  await knex.raw(`
    ALTER SEQUENCE folders_id_seq RESTART 1000;
    ALTER SEQUENCE documents_id_seq RESTART 1000;
    SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');
    SELECT rowgrant.protect('documents', owner_column => 'owner_id');
    SELECT rowgrant.protect('folders');
    SELECT rowgrant.enable_rls('documents');
    SELECT rowgrant.enable_rls('folders');
    GRANT SELECT ON users TO app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app;
    GRANT USAGE ON SEQUENCE folders_id_seq, documents_id_seq TO app;
  `);
};

exports.down = async (knex) => {
  await knex.schema.dropTable('documents');
  await knex.schema.dropTable('folders');
  await knex.schema.dropTable('users');
};
