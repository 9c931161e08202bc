class CreateDocuments < ActiveRecord::Migration[6.1]
  def change
    create_table :users, id: :text do |t|
      t.text :name, null: false
      t.boolean :is_active, null: false, default: true
      t.boolean :is_superuser, null: false, default: false
    end
    create_table :folders, id: :text do |t|
      t.text :name, null: false
    end
    create_table :documents, id: :text do |t|
      t.text :title, null: false
      t.text :body
      t.references :folder, type: :text, foreign_key: true
      t.references :owner, type: :text, foreign_key: {to_table: :users}, default: -> { "rowgrant.current_user_id()" }
      t.column :created_at, :timestamptz, null: false, default: -> { "now()" }, index: true
    end
    up_only { protect }
  end

  private

  def protect
    execute <<~SQL
      SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');
      SELECT rowgrant.protect('documents', owner_column => 'owner_id');
      SELECT rowgrant.protect('folders');
      SELECT rowgrant.enable_rls('documents');
      SELECT rowgrant.enable_rls('folders');
      GRANT SELECT ON users TO app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app;
    SQL
  end
end
