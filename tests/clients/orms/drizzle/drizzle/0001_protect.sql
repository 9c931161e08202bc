SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');--> statement-breakpoint
SELECT rowgrant.protect('documents', owner_column => 'owner_id');--> statement-breakpoint
SELECT rowgrant.protect('folders');--> statement-breakpoint
SELECT rowgrant.enable_rls('documents');--> statement-breakpoint
SELECT rowgrant.enable_rls('folders');--> statement-breakpoint
ALTER TABLE documents ALTER owner_id SET DEFAULT rowgrant.current_user_id()::integer;--> statement-breakpoint
GRANT SELECT ON users TO app;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app;
