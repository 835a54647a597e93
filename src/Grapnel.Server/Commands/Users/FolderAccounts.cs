using Grapnel.Server.Auth.Users;
using Grapnel.Server.Commands.Keys;
using Grapnel.Server.Commands.Stores;

namespace Grapnel.Server.Commands.Users;

/// <summary>The users in a data folder that no server has open: works when nobody can sign in any more.</summary>
internal sealed class FolderAccounts : IAsyncDisposable
{
    private readonly StoppedServer _server;
    private readonly ServiceProvider _services;

    private FolderAccounts(StoppedServer server)
    {
        _server = server;
        var services = new ServiceCollection();
        services.AddSingleton(server.Store.Console).AddSingleton(server.Audit).AddSingleton(server.Ids).AddSingleton(TimeProvider.System).AddLogging();
        UserServices.AddAccounts(services);
        _services = services.BuildServiceProvider();
    }

    /// <summary>Takes the folder until disposed.</summary>
    public static async Task<FolderAccounts> OpenAsync(StorePlace place, CancellationToken cancel) => new(await StoppedServer.OpenAsync(
        place, "Stop that server first and start it again afterwards, or use its console: Settings, Users.", cancel));

    /// <summary>Makes a user.</summary>
    /// <exception cref="CommandException">It cannot be; says why.</exception>
    public Task<User> CreateAsync(string name, string password, UserRole role, CancellationToken cancel) =>
        WorkAsync(accounts => accounts.CreateAsync(name, password, role, cancel));

    /// <summary>Gives a user another password, and lifts a lock-out.</summary>
    /// <exception cref="CommandException">It cannot be; says why.</exception>
    public Task ResetPasswordAsync(string name, string password, CancellationToken cancel) => WorkAsync(async accounts =>
    {
        await accounts.ResetPasswordAsync(name, password, cancel);
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _server.DisposeAsync();
    }

    private Task<T> WorkAsync<T>(Func<Accounts, Task<T>> work) => StoppedServer.ToldAsync(async () =>
    {
        await using var scope = _services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<Accounts>());
    });
}
