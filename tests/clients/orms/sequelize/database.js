const fs = require('node:fs');
const { createNamespace } = require('cls-hooked');
const { DataTypes, Model, Sequelize } = require('sequelize');

// Every query within the callback of sequelize.transaction() is part of that transaction.
Sequelize.useCLS(createNamespace('transaction'));

// With a pool of one, every transaction is given the connection that the last one used.
// pg prepares no statement under a name, so that PgBouncer needs no other settings.
const sequelize = new Sequelize(process.env.DATABASE_URL, {
  pool: { max: 1 },
  define: { underscored: true, timestamps: false },
  logging: (statement) => fs.appendFileSync(process.env.LOG_QUERIES, `${statement}\n`),
});

const key = { type: DataTypes.UUID, primaryKey: true, defaultValue: Sequelize.fn('gen_random_uuid') };

class Folder extends Model {}
Folder.init({ id: key, name: DataTypes.TEXT }, { sequelize });

class Document extends Model {}
Document.init(
  { id: key, title: DataTypes.TEXT, body: DataTypes.TEXT, ownerId: DataTypes.UUID },
  { sequelize, timestamps: true, updatedAt: false },
);
Document.belongsTo(Folder, { foreignKey: 'folderId' });
Folder.hasMany(Document, { foreignKey: 'folderId' });

const asUser = (userId, work) =>
  sequelize.transaction(async () => {
    await sequelize.query('SELECT rowgrant.set_user($1)', { bind: [userId] });
    return work();
  });

module.exports = { sequelize, Document, Folder, asUser };
