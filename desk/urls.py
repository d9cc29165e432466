"""Below /desk/."""

from django.urls import path

from desk.views import (
    calibrations,
    entrance,
    exporting,
    importing,
    listing,
    media,
    parameters,
    pools,
    questions,
    simulations,
    writing,
)

app_name = "desk"
CALIBRATION = "questions/<uuid:pool_id>/calibrations/<uuid:calibration_id>"
SIMULATION = "questions/<uuid:pool_id>/simulations/<uuid:simulation_id>"
urlpatterns = [
    path("", entrance.home, name="home"),
    path("log-in", entrance.log_in, name="log_in"),
    path("log-out", entrance.log_out, name="log_out"),
    path("questions/", pools.pool_list, name="pools"),
    path("questions/new", pools.new_pool, name="new_pool"),
    path("questions/import", importing.import_questions, name="import"),
    path("questions/import/template", importing.question_template, name="question_template"),
    path("questions/<uuid:pool_id>/", pools.pool_page, name="pool"),
    path("questions/<uuid:pool_id>/write", writing.new_question, name="new_question"),
    path("questions/<uuid:pool_id>/sheet", writing.sheet, name="sheet"),
    path("questions/<uuid:pool_id>/check", writing.check, name="check"),
    path("questions/<uuid:pool_id>/try", writing.try_it, name="try"),
    path("questions/<uuid:pool_id>/q/<int:pk>/", writing.edit_question, name="question"),
    path("questions/<uuid:pool_id>/q/<int:pk>/versions", questions.versions, name="versions"),
    path("questions/<uuid:pool_id>/q/<int:pk>/archive", questions.archive, name="archive_question"),
    path("questions/<uuid:pool_id>/q/<int:pk>/restore", questions.restore, name="restore_question"),
    path("media", media.insert, name="media"),
    path("frame", questions.frame, name="frame"),
    path("questions/<uuid:pool_id>/settings", pools.pool_settings, name="pool_settings"),
    path("questions/<uuid:pool_id>/table", listing.question_table, name="question_table"),
    path("questions/<uuid:pool_id>/table/change", listing.change_questions, name="change_questions"),
    path("questions/<uuid:pool_id>/export", exporting.pool_export, name="pool_export"),
    path("questions/<uuid:pool_id>/parameters", parameters.pool_parameters, name="pool_parameters"),
    path("questions/<uuid:pool_id>/parameters/out", parameters.parameters_out, name="parameters_out"),
    path("questions/<uuid:pool_id>/calibrate", calibrations.calibrate, name="calibrate"),
    path("questions/<uuid:pool_id>/answers", calibrations.import_answers, name="import_answers"),
    path(CALIBRATION, calibrations.calibration, name="calibration"),
    path(f"{CALIBRATION}/cancel", calibrations.cancel, name="cancel_calibration"),
    path(f"{CALIBRATION}/publish", calibrations.publish, name="publish_calibration"),
    path("questions/<uuid:pool_id>/simulate", simulations.simulate, name="simulate"),
    path("questions/<uuid:pool_id>/requirements", simulations.requirements, name="requirements"),
    path(SIMULATION, simulations.simulation, name="simulation"),
    path(f"{SIMULATION}/cancel", simulations.cancel, name="cancel_simulation"),
    path("questions/<uuid:pool_id>/copy", pools.copy, name="copy_pool"),
    path("questions/<uuid:pool_id>/archive", pools.archive, name="archive_pool"),
    path("questions/<uuid:pool_id>/restore", pools.restore, name="restore_pool"),
]
