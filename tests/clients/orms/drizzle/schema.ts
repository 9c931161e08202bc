import { relations } from 'drizzle-orm';
import { boolean, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity({ startWith: 1000 }),
    name: text('name').notNull(),
    isActive: boolean('is_active').notNull().default(true),
    isSuperuser: boolean('is_superuser').notNull().default(false),
});

export const folders = pgTable('folders', {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity({ startWith: 1000 }),
    name: text('name').notNull(),
});

export const documents = pgTable('documents', {
    id: integer('id').primaryKey().generatedByDefaultAsIdentity({ startWith: 1000 }),
    title: text('title').notNull(),
    body: text('body').notNull().default(''),
    folderId: integer('folder_id').references(() => folders.id),
    ownerId: integer('owner_id').references(() => users.id),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
});

export const folderRelations = relations(folders, ({ many }) => ({ documents: many(documents) }));

export const documentRelations = relations(documents, ({ one }) => ({
    folder: one(folders, { fields: [documents.folderId], references: [folders.id] }),
}));
