import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

const client = new pg.Client({ connectionString: process.env.MIGRATION_URL });
await client.connect();
await migrate(drizzle({ client }), { migrationsFolder: 'drizzle' });
await client.end();
