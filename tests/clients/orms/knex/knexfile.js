module.exports = { client: 'pg', connection: process.env.MIGRATION_URL };
