using System.Text.Json.Nodes;

namespace Grapnel.Server.Commands.Samples;

/// <summary>The event types of the sample shop.</summary>
internal static class SampleEvents
{
    public static IReadOnlyList<SampleEvent> All { get; } =
    [
        new("order.created", "Orders", "A customer placed an order.", random => Order(random)),
        new("order.paid", "Orders", "The payment of an order arrived.", random => Order(random)),
        new("order.cancelled", "Orders", "An order was cancelled before it was shipped.", random => Order(random)),
        new("user.created", "Users", "Somebody signed up.", random => User(random)),
        new("user.deleted", "Users", "An account was deleted for good.", random => User(random)),
        new("invoice.paid", "Invoices", "An invoice was paid in full.", random => Invoice(random)),
    ];

    private static JsonObject Order(Random random) => new()
    {
        ["orderId"] = $"ord_{random.Next(1000, 10_000)}",
        ["total"] = random.Next(500, 20_000) / 100m,
        ["currency"] = "EUR",
    };

    private static JsonObject User(Random random) => new()
    {
        ["userId"] = $"usr_{random.Next(1000, 10_000)}",
        ["plan"] = random.GetItems(Plans, 1)[0],
    };

    private static JsonObject Invoice(Random random) => new()
    {
        ["invoiceId"] = $"inv_{random.Next(1000, 10_000)}",
        ["amount"] = random.Next(500, 200_000) / 100m,
        ["currency"] = "EUR",
    };

    private static readonly string[] Plans = ["free", "team", "enterprise"];
}

/// <summary>An event type of the sample shop.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Group">The heading it is listed under.</param>
/// <param name="Description">What it means.</param>
/// <param name="NewData">Makes the data of one event.</param>
internal sealed record SampleEvent(string Name, string Group, string Description, Func<Random, JsonObject> NewData)
{
    /// <summary>A JSON Schema of the envelope with an example (JSON Schema 2020-12, 9.5), under version 1.</summary>
    public JsonObject Schemas => new()
    {
        ["1"] = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = Name,
            ["description"] = Description,
            ["type"] = "object",
            ["required"] = new JsonArray("type", "timestamp", "data"),
            ["examples"] = new JsonArray(NewEnvelope(new Random(1), DateTimeOffset.UnixEpoch.AddYears(55))),
        },
    };

    /// <summary>One event in the envelope of Standard Webhooks 1.0.0, "Payload structure".</summary>
    public JsonObject NewEnvelope(Random random, DateTimeOffset now) => new()
    {
        ["type"] = Name,
        ["timestamp"] = now.ToString("yyyy-MM-ddTHH:mm:ssZ"),
        ["data"] = NewData(random),
    };
}
