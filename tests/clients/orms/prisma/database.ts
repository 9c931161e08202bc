import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from './generated/client.js';

const statementNameGenerator = ({ sql }: { sql: string }) => createHash('md5').update(sql).digest('hex');

const adapter = new PrismaPg(
    // A pool of one: what a transaction leaves on its connection, the next one would find.
    { connectionString: process.env.DATABASE_URL, max: 1 },
    process.env.ORM_POOLED === '1' ? {} : { statementNameGenerator },
);

export const prisma = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] });

prisma.$on('query', ({ query }) => appendFileSync(process.env.LOG_QUERIES!, `${query}\n`));

export function asUser<T>(id: string, work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return prisma.$transaction(async (tx) => {
        await tx.$executeRaw`SELECT rowgrant.set_user(${id})`;
        return work(tx);
    });
}
