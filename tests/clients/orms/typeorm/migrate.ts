import { DataSource } from 'typeorm';
import { Library1735689600000 } from './migration.js';

const dataSource = new DataSource({
    type: 'postgres',
    url: process.env.MIGRATION_URL,
    migrations: [Library1735689600000],
});
await dataSource.initialize();
await dataSource.runMigrations();
await dataSource.destroy();
