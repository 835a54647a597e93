using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary>The things that the path of a request names, by id or by the operator's own identifier. What is not there is told as not found.</summary>
internal sealed class PathSubjects(ApplicationRegistry applications, EndpointRegistry endpoints, IHistoryStore history)
{
    public Task<Application> ApplicationAsync(HttpContext http) => applications.GetAsync(http.Part("app"), http.RequestAborted);

    public async Task<Endpoint> EndpointAsync(HttpContext http) => await EndpointAsync(http, (await ApplicationAsync(http)).Id);

    /// <summary>The endpoint, where the application is known already.</summary>
    public Task<Endpoint> EndpointAsync(HttpContext http, Id<Application> application) =>
        endpoints.GetAsync(application, http.Part("endpoint"), http.RequestAborted);

    public async Task<Message> MessageAsync(HttpContext http)
    {
        var (application, name) = (await ApplicationAsync(http), http.Part("msg"));
        return await history.FindMessageAsync(application.Id, name, http.RequestAborted)
            ?? throw new NotFoundException($"There is no message '{name}' in this application.");
    }
}
