import { appendFileSync } from 'node:fs';
import { DefaultLogger, sql } from 'drizzle-orm';
import { drizzle, type NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import pg from 'pg';
import * as schema from './schema.js';

// A pool of one: what a transaction leaves on its connection, the next one would find.
export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });

const logger = new DefaultLogger({
    writer: { write: (message) => appendFileSync(process.env.LOG_QUERIES!, `${message}\n`) },
});

// What db and a transaction have in common.
export type Database = PgDatabase<NodePgQueryResultHKT, typeof schema>;

export const db: Database = drizzle({ client: pool, schema, logger });

export function asUser<T>(id: number, work: (tx: Database) => Promise<T>): Promise<T> {
    return db.transaction(async (tx) => {
        await tx.execute(sql`SELECT rowgrant.set_user(${id})`);
        return work(tx);
    });
}
