using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

// Publishes one event: dotnet run [event type]
var eventType = args.FirstOrDefault() ?? "order.created";
var key = Environment.GetEnvironmentVariable("GRAPNEL_API_KEY") ?? throw new InvalidOperationException("Set GRAPNEL_API_KEY.");
using var grapnel = new HttpClient { BaseAddress = new Uri(Environment.GetEnvironmentVariable("GRAPNEL_URL") ?? "http://127.0.0.1:8000") };
grapnel.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);

using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/app/default/msg")
{
    Content = JsonContent.Create(new { eventType, payload = new { orderId = 42, total = 19.90m, currency = "EUR" } }),
};
// One key for each event, stored with it. With the same key again, after a time-out for example, the event is not published a second time.
request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());

using var response = await grapnel.SendAsync(request);
if (!response.IsSuccessStatusCode)
{
    Console.Error.WriteLine($"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    return 1;
}
// 202: it is stored and will be delivered, whatever happens to this program or to the server.
Console.WriteLine((await response.Content.ReadFromJsonAsync<JsonObject>())!["id"]);
return 0;
