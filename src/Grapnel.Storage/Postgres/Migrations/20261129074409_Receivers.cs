using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Grapnel.Storage.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class Receivers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "format",
                table: "endpoint",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "oauth",
                table: "endpoint",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "tls",
                table: "endpoint",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "format",
                table: "endpoint");

            migrationBuilder.DropColumn(
                name: "oauth",
                table: "endpoint");

            migrationBuilder.DropColumn(
                name: "tls",
                table: "endpoint");
        }
    }
}
