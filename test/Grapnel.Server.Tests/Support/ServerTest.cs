namespace Grapnel.Server.Tests.Support;

/// <summary>Tests that share one server; each makes an application of its own to work in.</summary>
public abstract class ServerTest(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private protected TestServer Server => fixture.Server;

    private protected HttpClient Client => fixture.Server.Client;

    private protected static readonly string[] NoFaults = [];

    /// <summary>The path of a new application.</summary>
    private protected async Task<string> NewApplicationAsync()
    {
        var reply = await Client.PostJsonAsync("/api/v1/app", """{"name":"A test"}""");
        reply.Status.ShouldBe(201);
        return $"/api/v1/app/{reply.Id}";
    }

    /// <summary>The name of a new event type.</summary>
    private protected async Task<string> NewEventTypeAsync()
    {
        var name = $"type.{Guid.NewGuid():N}";
        (await Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{name}}","description":"A test"}""")).Status.ShouldBe(201);
        return name;
    }
}

public sealed class ServerFixture : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
