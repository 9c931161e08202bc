import { appendFileSync } from 'node:fs';
import { AbstractLogger, DataSource, type EntityManager, type LogLevel, type LogMessage } from 'typeorm';
import { Document, Folder, User } from './entities.js';

class QueryLog extends AbstractLogger {
    protected writeLog(_level: LogLevel, messages: LogMessage | LogMessage[]) {
        for (const { message } of this.prepareLogMessages(messages, { highlightSql: false })) {
            appendFileSync(process.env.LOG_QUERIES!, `${message}\n`);
        }
    }
}

export const dataSource = new DataSource({
    type: 'postgres',
    url: process.env.DATABASE_URL,
    entities: [User, Folder, Document],
    installExtensions: false,
    // A pool of one: what a transaction leaves on its connection, the next one would find.
    poolSize: 1,
    logger: new QueryLog(['query']),
});

export function asUser<T>(id: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return dataSource.transaction(async (manager) => {
        await manager.query('SELECT rowgrant.set_user($1)', [id]);
        return work(manager);
    });
}
