import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';

@Entity('users')
export class User {
    @PrimaryGeneratedColumn('uuid')
    id!: string;

    @Column('text')
    name!: string;

    @Column('boolean', { name: 'is_active', default: true })
    isActive!: boolean;

    @Column('boolean', { name: 'is_superuser', default: false })
    isSuperuser!: boolean;
}

@Entity('folders')
export class Folder {
    @PrimaryGeneratedColumn('uuid')
    id!: string;

    @Column('text')
    name!: string;

    @OneToMany(() => Document, (document) => document.folder)
    documents?: Document[];
}

@Entity('documents')
export class Document {
    @PrimaryGeneratedColumn('uuid')
    id!: string;

    @Column('text')
    title!: string;

    @Column('text', { default: '' })
    body!: string;

    @ManyToOne(() => Folder, (folder) => folder.documents)
    @JoinColumn({ name: 'folder_id' })
    folder?: Folder | null;

    @ManyToOne(() => User)
    @JoinColumn({ name: 'owner_id' })
    owner?: User | null;

    @Column('uuid', { name: 'owner_id', nullable: true })
    ownerId!: string | null;

    @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
    createdAt!: Date;
}
