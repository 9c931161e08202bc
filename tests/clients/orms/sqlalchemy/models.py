from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, FetchedValue, ForeignKey, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True)}

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())


class User(Base):
    __tablename__ = "users"

    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    is_superuser: Mapped[bool] = mapped_column(server_default="false")


class Folder(Base):
    __tablename__ = "folders"

    name: Mapped[str]
    documents: Mapped[list["Document"]] = relationship(back_populates="folder", order_by="Document.id")


class Document(Base):
    __tablename__ = "documents"

    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default="")
    folder_id: Mapped[UUID | None] = mapped_column(ForeignKey("folders.id"), index=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True, server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    folder: Mapped[Folder | None] = relationship(back_populates="documents")
    owner: Mapped[User | None] = relationship()
