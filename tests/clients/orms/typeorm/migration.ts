import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Library1735689600000 implements MigrationInterface {
    async up(queryRunner: QueryRunner) {
        await queryRunner.query(`
            CREATE TABLE users (
                id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                name text NOT NULL,
                is_active boolean NOT NULL DEFAULT true,
                is_superuser boolean NOT NULL DEFAULT false
            )`);
        await queryRunner.query(`
            CREATE TABLE folders (
                id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                name text NOT NULL
            )`);
        await queryRunner.query(`
            CREATE TABLE documents (
                id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                title text NOT NULL,
                body text NOT NULL DEFAULT '',
                folder_id uuid REFERENCES folders,
                owner_id uuid DEFAULT rowgrant.current_user_id()::uuid REFERENCES users,
                created_at timestamptz NOT NULL DEFAULT now()
            )`);
        await queryRunner.query(`
            SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser')`);
        await queryRunner.query(`SELECT rowgrant.protect('documents', owner_column => 'owner_id')`);
        await queryRunner.query(`SELECT rowgrant.protect('folders')`);
        await queryRunner.query(`SELECT rowgrant.enable_rls('documents')`);
        await queryRunner.query(`SELECT rowgrant.enable_rls('folders')`);
        await queryRunner.query('GRANT SELECT ON users TO app');
        await queryRunner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app');
    }

    async down(queryRunner: QueryRunner) {
        await queryRunner.query('DROP TABLE documents, folders, users');
    }
}
