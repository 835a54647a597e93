var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();

var secret = app.Configuration["WEBHOOK_SECRET"] ?? throw new InvalidOperationException("Set WEBHOOK_SECRET to the endpoint's secret, whsec_...");
app.MapWebhook<Order>("/hooks", secret, (order, webhook) =>
{
    Console.WriteLine($"{webhook.Id} order {order.OrderId}: {order.Total} {order.Currency}");
    return Task.CompletedTask;
});

app.Run();

internal sealed record Order(int OrderId, decimal Total, string Currency);
