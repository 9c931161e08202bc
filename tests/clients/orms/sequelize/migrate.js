const { DataTypes, Sequelize } = require('sequelize');

const uuid = (options) => ({ type: DataTypes.UUID, ...options });
const text = { type: DataTypes.TEXT, allowNull: false };
const key = uuid({ primaryKey: true, defaultValue: Sequelize.fn('gen_random_uuid') });
const flag = (defaultValue) => ({ type: DataTypes.BOOLEAN, allowNull: false, defaultValue });

const up = async (queryInterface) => {
  await queryInterface.createTable('users', { id: key, name: text, is_active: flag(true), is_superuser: flag(false) });
  await queryInterface.createTable('folders', { id: key, name: text });
  await queryInterface.createTable('documents', {
    id: key,
    title: text,
    body: DataTypes.TEXT,
    folder_id: uuid({ references: { model: 'folders', key: 'id' } }),
    owner_id: uuid({
      references: { model: 'users', key: 'id' },
      defaultValue: Sequelize.literal('rowgrant.current_user_id()::uuid'),
    }),
    created_at: { type: DataTypes.DATE, allowNull: false, defaultValue: Sequelize.fn('now') },
  });
  for (const column of ['folder_id', 'owner_id', 'created_at']) {
    await queryInterface.addIndex('documents', [column]);
  }
  await queryInterface.sequelize.query(`
    SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');
    SELECT rowgrant.protect('documents', owner_column => 'owner_id');
    SELECT rowgrant.protect('folders');
    SELECT rowgrant.enable_rls('documents');
    SELECT rowgrant.enable_rls('folders');
    GRANT SELECT ON users TO app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app;
  `);
};

const sequelize = new Sequelize(process.env.MIGRATION_URL);
up(sequelize.getQueryInterface()).finally(() => sequelize.close());
