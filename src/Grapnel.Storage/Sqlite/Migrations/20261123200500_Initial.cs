using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Grapnel.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "api_key",
                columns: table => new
                {
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    hash = table.Column<byte[]>(type: "BLOB", nullable: false),
                    hint = table.Column<string>(type: "TEXT", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    revoked_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_key", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "application",
                columns: table => new
                {
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    uid = table.Column<string>(type: "TEXT", nullable: true),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    rate_limit = table.Column<int>(type: "INTEGER", nullable: true),
                    metadata = table.Column<string>(type: "TEXT", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_application", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "counter",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    value = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_counter", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "endpoint",
                columns: table => new
                {
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    application_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    uid = table.Column<string>(type: "TEXT", nullable: true),
                    url = table.Column<string>(type: "TEXT", nullable: false),
                    description = table.Column<string>(type: "TEXT", nullable: false),
                    event_types = table.Column<string>(type: "TEXT", nullable: true),
                    channels = table.Column<string>(type: "TEXT", nullable: true),
                    enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    disabled_reason = table.Column<int>(type: "INTEGER", nullable: true),
                    secrets = table.Column<string>(type: "TEXT", nullable: false),
                    headers = table.Column<string>(type: "TEXT", nullable: false),
                    metadata = table.Column<string>(type: "TEXT", nullable: false),
                    rate_limit = table.Column<int>(type: "INTEGER", nullable: true),
                    max_concurrency = table.Column<int>(type: "INTEGER", nullable: true),
                    timeout = table.Column<long>(type: "INTEGER", nullable: true),
                    retry_schedule = table.Column<string>(type: "TEXT", nullable: true),
                    ordered = table.Column<bool>(type: "INTEGER", nullable: false),
                    on_exhausted = table.Column<int>(type: "INTEGER", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_endpoint", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "endpoint_revision",
                columns: table => new
                {
                    endpoint_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    event_types = table.Column<string>(type: "TEXT", nullable: true),
                    channels = table.Column<string>(type: "TEXT", nullable: true),
                    deleted = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_endpoint_revision", x => new { x.endpoint_id, x.version });
                });

            migrationBuilder.CreateTable(
                name: "event_type",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    description = table.Column<string>(type: "TEXT", nullable: false),
                    archived = table.Column<bool>(type: "INTEGER", nullable: false),
                    deprecated = table.Column<bool>(type: "INTEGER", nullable: false),
                    schemas = table.Column<string>(type: "TEXT", nullable: true),
                    feature_flags = table.Column<string>(type: "TEXT", nullable: true),
                    group_name = table.Column<string>(type: "TEXT", nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_event_type", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "schedule",
                columns: table => new
                {
                    id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    application_id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    event_type = table.Column<string>(type: "TEXT", nullable: false),
                    cron = table.Column<string>(type: "TEXT", nullable: true),
                    min_interval = table.Column<long>(type: "INTEGER", nullable: true),
                    max_interval = table.Column<long>(type: "INTEGER", nullable: true),
                    payload = table.Column<byte[]>(type: "BLOB", nullable: true),
                    enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    next_at = table.Column<long>(type: "INTEGER", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    updated_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_schedule", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_application_uid",
                table: "application",
                column: "uid",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_endpoint_application_id_id",
                table: "endpoint",
                columns: new[] { "application_id", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_endpoint_application_id_uid",
                table: "endpoint",
                columns: new[] { "application_id", "uid" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_schedule_application_id_id",
                table: "schedule",
                columns: new[] { "application_id", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_schedule_next_at",
                table: "schedule",
                column: "next_at",
                filter: "enabled");

            migrationBuilder.Sql(EmbeddedText.Read("hot.sql"));
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "api_key");

            migrationBuilder.DropTable(
                name: "application");

            migrationBuilder.DropTable(
                name: "counter");

            migrationBuilder.DropTable(
                name: "endpoint");

            migrationBuilder.DropTable(
                name: "endpoint_revision");

            migrationBuilder.DropTable(
                name: "event_type");

            migrationBuilder.DropTable(
                name: "schedule");
        }
    }
}
